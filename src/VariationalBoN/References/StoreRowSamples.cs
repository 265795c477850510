using System.Collections.Immutable;
using static System.Runtime.InteropServices.ImmutableCollectionsMarshal;

namespace VariationalBoN.References;

/// <summary>Rows of a store as the samples of a prompt, and back. Stateless, thread-safe.</summary>
internal static class StoreRowSamples
{
    /// <summary>The row of what was drawn of a prompt.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="first">The index of the first.</param>
    /// <exception cref="ArgumentException">The samples say themselves that they are others.</exception>
    public static StoreRow ToRow(ReferencePrompt samples, int first)
    {
        PromptSamples all = samples.All;
        int[] indices = [.. all.Indices];
        if (indices.Length > 0 && indices[^1] - indices[0] != indices.Length - 1)
            throw new ArgumentException(
                $"The samples of the prompt \"{samples.Prompt}\" have gaps: {indices.Length} of {indices[0]} to "
                    + $"{indices[^1]}. Append each range apart, or merge the stores "
                    + $"({nameof(ReferenceStore)}.{nameof(ReferenceStore.Merge)})."
            );
        if (indices.Length > 0 && indices[0] > 0 && indices[0] != first)
            throw new ArgumentException(
                $"The samples of the prompt \"{samples.Prompt}\" are {indices[0]} to {indices[^1]} of a store, not "
                    + $"those from {first} on. Append them as what they are, with firstSample {indices[0]}."
            );
        int?[] places = new int?[all.Rewards.Length]; // of each sample with a reward among those with one
        int known = 0;
        for (int place = 0; place < places.Length; place++)
            places[place] = all.Rewards[place] is null ? null : known++;
        bool hasTokens = !all.Samples.IsEmpty;
        return new StoreRow
        {
            Prompt = samples.Prompt,
            First = first,
            Rewards = all.Rewards,
            LogReference = hasTokens ? [.. Spread(place => (double?)all.Samples[place].LogReference)] : [],
            Content = new StoreContent
            {
                Texts = all.Texts.IsEmpty ? null : Spread(place => all.Texts[place]),
                PromptTokens = hasTokens ? AsArray(all.Samples[0].Completion.PromptTokens) : null,
                Tokens = hasTokens ? Spread(place => AsArray(all.Samples[place].Completion.Tokens)) : null,
                FinishReasons = hasTokens ? Spread(place => (FinishReason?)all.Samples[place].Completion.FinishReason) : null,
                Components = all.Components.IsEmpty
                    ? null
                    : new(
                        all.Components.ToDictionary(part => part.Key, part => Spread(place => part.Value[place])),
                        StringComparer.Ordinal
                    ),
            },
        };

        T?[] Spread<T>(Func<int, T?> at) => Array.ConvertAll(places, place => place is int index ? at(index) : default);
    }

    /// <summary>What a row says of the samples of its prompt.</summary>
    public static PromptSamples ToSamples(StoreRow row)
    {
        int[] known = [.. Enumerable.Range(0, row.Drawn).Where(place => row.Rewards[place] is not null)];
        StoreContent content = row.Content;
        string?[] texts = content.Texts is null ? [] : [.. known.Select(place => content.Texts[place])];
        bool hasTexts = texts.All(text => text is not null);
        bool hasTokens =
            hasTexts
            && content is { Texts: not null, PromptTokens: not null, Tokens: not null, FinishReasons: not null }
            && !row.LogReference.IsEmpty
            && known.All(place =>
                content.Tokens[place] is not null && content.FinishReasons[place] is not null && row.LogReference[place] is not null
            );
        ImmutableArray<int> promptTokens = [.. content.PromptTokens ?? []];
        return new PromptSamples(
            [.. Enumerable.Range(row.First, row.Drawn)],
            row.Rewards,
            hasTexts ? [.. texts!] : [],
            hasTokens ? [.. known.Select(Scored)] : [],
            (content.Components ?? []).ToImmutableSortedDictionary(
                part => part.Key,
                part => known.Select(place => part.Value[place]).ToImmutableArray(),
                StringComparer.Ordinal
            )
        );

        ScoredCompletion Scored(int place) =>
            new(
                new Completion
                {
                    Prompt = row.Prompt,
                    Text = content.Texts![place]!,
                    PromptTokens = promptTokens,
                    Tokens = AsImmutableArray(content.Tokens![place]),
                    FinishReason = content.FinishReasons![place]!.Value,
                },
                row.Rewards[place]!.Value,
                row.LogReference[place]!.Value
            );
    }
}
