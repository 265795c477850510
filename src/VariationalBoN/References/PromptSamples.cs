using System.Collections.Immutable;
using VariationalBoN.Internal;

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

    /// <summary>Samples that were drawn and scored, numbered from 0 on.</summary>
    /// <exception cref="ArgumentException">A sample is of another prompt, or a number of one is out of range.</exception>
    public static PromptSamples OfDrawn(
        Prompt prompt,
        ImmutableArray<ScoredSample> drawn,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components
    )
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (drawn.Any(sample => sample.Completion.Prompt != prompt))
            throw new ArgumentException($"A sample of another prompt is among those of \"{prompt}\".", nameof(drawn));
        if (drawn.FirstOrDefault(sample => !ScoredSample.CanBeLogReference(sample.LogReference)) is { Completion: not null } odd)
            throw new ArgumentException(
                $"log pi_ref of a sample of the prompt {Shown.Quoted(prompt.Canonical)} is {odd.LogReference:R}; "
                    + "it must be finite and at most 0.",
                nameof(drawn)
            );
        ImmutableSortedDictionary<string, ImmutableArray<double?>> columns = ReferenceComponents.Checked(prompt, drawn.Length, components);
        int[] kept = [.. Enumerable.Range(0, drawn.Length).Where(i => drawn[i].Reward is not null)];
        ImmutableArray<ScoredCompletion> samples =
        [
            .. kept.Select(i => new ScoredCompletion(drawn[i].Completion, drawn[i].Reward!.Value, drawn[i].LogReference)),
        ];
        return new PromptSamples(
            [.. Enumerable.Range(0, drawn.Length)],
            [.. drawn.Select(sample => sample.Reward)],
            [.. samples.Select(sample => sample.Completion.Text)],
            samples,
            ReferenceComponents.At(columns, kept).ToImmutableSortedDictionary(StringComparer.Ordinal)
        );
    }

    /// <summary>Rewards, null where a sample has none, with the texts of those that are known or without.</summary>
    /// <exception cref="ArgumentException">Lengths differ, or a component is not finite.</exception>
    public static PromptSamples OfRewards(
        Prompt prompt,
        ImmutableArray<double?> rewards,
        ImmutableArray<string> responses,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components
    )
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int known = rewards.Count(reward => reward is not null);
        if (responses.Length != 0 && responses.Length != known)
            throw new ArgumentException(
                $"There are {known} rewards but {responses.Length} responses for the prompt \"{prompt}\"; give one to each reward, or "
                    + $"none.",
                nameof(responses)
            );
        return new PromptSamples(
            [.. Enumerable.Range(0, rewards.Length)],
            rewards,
            responses,
            [],
            ReferenceComponents.Checked(prompt, known, components)
        );
    }

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
