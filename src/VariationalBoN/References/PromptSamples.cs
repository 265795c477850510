using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>What was drawn of one prompt: for each sample its index and its reward, null where it has none, and of those with a reward what
/// else is known. Immutable, thread-safe.</summary>
/// <param name="Indices">The index of each sample that was drawn, ascending.</param>
/// <param name="Rewards">The reward of each sample that was drawn; finite, or null.</param>
/// <param name="Texts">The texts of the samples with a reward; empty when they are not known.</param>
/// <param name="Samples">The samples with a reward, with token ids and log pi_ref; empty when these are not known.</param>
/// <param name="Components">For each named component of the rewards a value to each sample with a reward.</param>
internal sealed record PromptSamples(
    ImmutableArray<int> Indices,
    ImmutableArray<double?> Rewards,
    ImmutableArray<string> Texts,
    ImmutableArray<ScoredCompletion> Samples,
    ImmutableSortedDictionary<string, ImmutableArray<double?>> Components
)
{
    /// <summary>The rewards of the samples that have one, in order.</summary>
    public ImmutableArray<double> Known { get; } = [.. Rewards.OfType<double>()];

    /// <summary>The places, among those drawn, of the samples without a reward.</summary>
    public IEnumerable<int> PlacesWithoutReward => Enumerable.Range(0, Rewards.Length).Where(place => Rewards[place] is null);

    /// <summary>Samples of which the places of those without a reward are known, numbered from an index on.</summary>
    /// <exception cref="ArgumentException">A place is not among those drawn, or stands twice.</exception>
    public static PromptSamples Of(
        Prompt prompt,
        int first,
        IReadOnlyList<double> known,
        IEnumerable<int> without,
        ImmutableArray<string> texts,
        ImmutableArray<ScoredCompletion> samples,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components
    )
    {
        int[] places = [.. without.Order()];
        double?[] rewards = new double?[known.Count + places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0 || places[i] >= rewards.Length || (i > 0 && places[i] == places[i - 1]))
                throw new ArgumentException(
                    $"Sample {places[i]} of the prompt \"{prompt}\" cannot be among the excluded of {rewards.Length} that were drawn "
                        + $"({known.Count} rewards, {places.Length} excluded); give the place of each among all drawn, from 0 on, once.",
                    nameof(without)
                );
        }

        var left = new HashSet<int>(places);
        int next = 0;
        for (int place = 0; place < rewards.Length; place++)
        {
            if (!left.Contains(place))
                rewards[place] = known[next++];
        }

        return new PromptSamples(
            [.. Enumerable.Range(first, rewards.Length)],
            [.. rewards],
            texts,
            samples,
            ReferenceComponents.Checked(prompt, known.Count, components)
        );
    }

    /// <summary>Samples one after the other, of prompts that are one.</summary>
    /// <param name="parts">At least one; indices ascending over all.</param>
    public static PromptSamples Joined(IReadOnlyList<PromptSamples> parts)
    {
        PromptSamples[] known = [.. parts.Where(part => part.Known.Length > 0)];
        IEnumerable<string> names = known.SelectMany(part => part.Components.Keys).Distinct(StringComparer.Ordinal);
        return new PromptSamples(
            [.. parts.SelectMany(part => part.Indices)],
            [.. parts.SelectMany(part => part.Rewards)],
            known.All(part => !part.Texts.IsEmpty) ? [.. known.SelectMany(part => part.Texts)] : [],
            known.All(part => !part.Samples.IsEmpty) ? [.. known.SelectMany(part => part.Samples)] : [],
            names.ToImmutableSortedDictionary(
                name => name,
                name =>
                    known
                        .SelectMany(part =>
                            part.Components.TryGetValue(name, out var values) ? values : [.. new double?[part.Known.Length]]
                        )
                        .ToImmutableArray(),
                StringComparer.Ordinal
            )
        );
    }

    /// <summary>The samples from one index on and before another.</summary>
    public PromptSamples Within(long first, long end)
    {
        int[] places = [.. Enumerable.Range(0, Indices.Length).Where(place => Indices[place] >= first && Indices[place] < end)];
        if (places.Length == Indices.Length)
            return this;
        int skip = Rewards.Take(places.Length == 0 ? 0 : places[0]).Count(reward => reward is not null),
            count = places.Count(place => Rewards[place] is not null);
        return new PromptSamples(
            [.. places.Select(place => Indices[place])],
            [.. places.Select(place => Rewards[place])],
            Texts.IsEmpty ? [] : Texts.Slice(skip, count),
            Samples.IsEmpty ? [] : Samples.Slice(skip, count),
            Components.ToImmutableSortedDictionary(part => part.Key, part => part.Value.Slice(skip, count), StringComparer.Ordinal)
        );
    }

    /// <summary>The first of the samples that were drawn.</summary>
    public PromptSamples Take(int count) => count >= Indices.Length ? this : Within(Indices[0], Indices[count]);

    /// <summary>These samples numbered from an index on.</summary>
    public PromptSamples From(int first) => this with { Indices = [.. Enumerable.Range(first, Rewards.Length)] };
}
