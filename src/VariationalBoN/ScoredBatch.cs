using System.Collections;
using System.Collections.Immutable;

namespace VariationalBoN;

/// <summary>Scored completions of one step with the group (prompt) that each belongs to,
/// and what was drawn beside them without getting a reward.</summary>
/// <remarks>Plain data, immutable, so safe to share between threads.
/// The list itself holds what has a reward; groups may be ragged.</remarks>
public sealed class ScoredBatch : IReadOnlyList<ScoredCompletion>
{
    private readonly ImmutableArray<ScoredCompletion> _items;

    /// <summary>A batch of what was drawn.</summary>
    /// <param name="drawn">All samples in the order drawn, those without a reward included.</param>
    /// <param name="groups">For each sample the index of its group, 0 or more; samples of one draw of one prompt share a group.</param>
    /// <param name="origin">What rewards and log pi_ref come from;
    /// null when that is not known, and then objectives of a table refuse the batch.</param>
    /// <param name="components">For each named component of the rewards a value to each sample, null where it has none;
    /// left out when there are none.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A group is negative.</exception>
    public ScoredBatch(
        IEnumerable<ScoredSample> drawn,
        IEnumerable<int> groups,
        ScoringIdentity? origin = null,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
    {
        ArgumentNullException.ThrowIfNull(drawn);
        ArgumentNullException.ThrowIfNull(groups);
        Drawn = [.. drawn];
        DrawnGroups = [.. groups];
        Origin = origin;
        if (Drawn.Length != DrawnGroups.Length)
            throw new ArgumentException(
                $"There are {Drawn.Length} samples but {DrawnGroups.Length} group indices; give one group to each sample.",
                nameof(groups)
            );
        foreach (int group in DrawnGroups)
            ArgumentOutOfRangeException.ThrowIfNegative(group, nameof(groups));
        DrawnComponents = (components ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<double?> values) in DrawnComponents)
        {
            if (values.Length != Drawn.Length)
                throw new ArgumentException(
                    $"There are {Drawn.Length} samples but {values.Length} values of the component \"{name}\"; give one to each sample.",
                    nameof(components)
                );
        }

        int[] kept = [.. Enumerable.Range(0, Drawn.Length).Where(i => Drawn[i].Reward is not null)];
        _items = [.. kept.Select(i => new ScoredCompletion(Drawn[i].Completion, Drawn[i].Reward!.Value, Drawn[i].LogReference))];
        Groups = [.. kept.Select(i => DrawnGroups[i])];
        Completions = [.. _items.Select(item => item.Completion)];
        Components = DrawnComponents.ToImmutableSortedDictionary(
            part => part.Key,
            part => kept.Select(i => part.Value[i]).ToImmutableArray(),
            StringComparer.Ordinal
        );
    }

    /// <summary>A batch of completions that all have a reward.</summary>
    /// <param name="items">The B scored completions.</param>
    /// <param name="groups">For each completion the index of its group, 0 or more.</param>
    /// <param name="origin">What rewards and log pi_ref come from;
    /// null when that is not known, and then objectives of a table refuse the batch.</param>
    /// <param name="components">For each named component of the rewards its B values, null where a completion has none;
    /// left out when there are none.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A group is negative.</exception>
    public ScoredBatch(
        IEnumerable<ScoredCompletion> items,
        IEnumerable<int> groups,
        ScoringIdentity? origin = null,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
        : this((items ?? throw new ArgumentNullException(nameof(items))).Select(item => (ScoredSample)item), groups, origin, components) { }

    /// <summary>All that was drawn, in order: what is in the list, and the samples without a reward.</summary>
    public ImmutableArray<ScoredSample> Drawn { get; }

    /// <summary>What rewards and log pi_ref come from; null when that is not known.</summary>
    public ScoringIdentity? Origin { get; }

    /// <summary>The group of each completion, in the order of the list: what a baseline is formed over.</summary>
    public ImmutableArray<int> Groups { get; }

    /// <summary>The completions alone, in the order of the list.</summary>
    public ImmutableArray<Completion> Completions { get; }

    /// <summary>For each named component of the rewards its B values in the order of the list,
    /// as the reward model reported them: for metrics and logs.</summary>
    /// <remarks>Null where it reported none. What is done to the reward of a truncated completion is not in them.
    /// Empty for a reward without parts.</remarks>
    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components { get; }

    /// <summary>How many were drawn but have no reward.</summary>
    public int Excluded => Drawn.Length - Count;

    /// <summary>How many completions <see cref="WithoutLone"/> left out.</summary>
    public int LeftOut { get; private init; }

    /// <summary>B, the number of completions with a reward.</summary>
    public int Count => _items.Length;

    /// <summary>The group of each sample of <see cref="Drawn"/>.</summary>
    public ImmutableArray<int> DrawnGroups { get; }

    /// <summary>For each named component a value to each sample of <see cref="Drawn"/>, null where it has none.</summary>
    public IReadOnlyDictionary<string, ImmutableArray<double?>> DrawnComponents { get; }

    /// <summary>The completion at a position.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public ScoredCompletion this[int index] => _items[index];

    /// <summary>This batch without the completions that are alone in their group,
    /// for losses that compare the completions of a group with each other.</summary>
    /// <remarks>A completion is alone when the reward model failed for all others of its group. <see cref="LeftOut"/> counts them; they are
    /// still in <see cref="Drawn"/> of this batch.</remarks>
    /// <returns>This batch when none is alone.</returns>
    public ScoredBatch WithoutLone()
    {
        var sizes = Groups.CountBy(group => group).ToDictionary();
        if (sizes.Values.All(size => size > 1))
            return this;
        int[] kept = [.. Enumerable.Range(0, Drawn.Length).Where(i => Drawn[i].Reward is null || sizes[DrawnGroups[i]] > 1)];
        return new ScoredBatch(kept.Select(i => Drawn[i]), kept.Select(i => DrawnGroups[i]), Origin, ComponentsOf(kept))
        {
            LeftOut = LeftOut + Drawn.Length - kept.Length,
        };
    }

    /// <summary>Splits into parts of whole groups, so that the gradient of a large batch can be accumulated part by part.</summary>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <returns>The parts, without the samples that have no reward; a loss that is a mean over completions, weighted by their share of
    /// <see cref="Count"/>, adds up to that of the whole; see <c>GradientAccumulation</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="completionsPerPart"/> is below 1.</exception>
    public IReadOnlyList<ScoredBatch> SplitByGroup(int completionsPerPart) =>
        [.. SplitWithPositions(completionsPerPart).Select(part => part.Part)];

    /// <summary>The parts of <see cref="SplitByGroup"/>, each with the places of its completions in this list.</summary>
    internal IReadOnlyList<(ScoredBatch Part, ImmutableArray<int> Positions)> SplitWithPositions(int completionsPerPart)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPart, 1);
        int[] drawn = [.. Enumerable.Range(0, Drawn.Length).Where(i => Drawn[i].Reward is not null)]; // where each of the list is in Drawn
        var parts = new List<List<int>>();
        foreach (int[] group in Enumerable.Range(0, Count).GroupBy(i => Groups[i]).Select(group => group.ToArray()))
        {
            if (parts.Count == 0 || parts[^1].Count + group.Length > completionsPerPart)
                parts.Add([]);
            parts[^1].AddRange(group);
        }

        return [.. parts.Select(part => (Take(part.ConvertAll(i => drawn[i])), part.ToImmutableArray()))];
    }

    /// <inheritdoc/>
    public IEnumerator<ScoredCompletion> GetEnumerator() => ((IEnumerable<ScoredCompletion>)_items).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Refuses what a source gave instead of the completions that it was asked for.</summary>
    /// <exception cref="InvalidOperationException">They are not those of the prompts, K of each in order.</exception>
    internal void RequireAsked(IReadOnlyList<Prompt> prompts, int completionsPerPrompt)
    {
        if (Drawn.Length != prompts.Count * completionsPerPrompt)
            throw new InvalidOperationException(
                $"The source was asked for {completionsPerPrompt} completions of each of {prompts.Count} "
                    + $"prompts and gave {Drawn.Length}; it must give them prompt by prompt, those without a reward included."
            );
        for (int i = 0; i < Drawn.Length; i++)
        {
            Prompt asked = prompts[i / completionsPerPrompt],
                given = Drawn[i].Completion.Prompt;
            if (given != asked)
                throw new InvalidOperationException(
                    $"The source was asked for \"{asked}\" at position {i} and gave a completion of "
                        + $"\"{given}\"; it must give them prompt by prompt, in the order asked for."
                );
        }
    }

    /// <summary>One batch of several, one after the other, of one origin; groups stay what they are.</summary>
    internal static ScoredBatch Concat(IReadOnlyList<ScoredBatch> parts)
    {
        string[] names = [.. parts.SelectMany(part => part.DrawnComponents.Keys).Distinct(StringComparer.Ordinal)];
        return new ScoredBatch(
            parts.SelectMany(part => part.Drawn),
            parts.SelectMany(part => part.DrawnGroups),
            parts.Count == 0 ? null : parts[0].Origin,
            names.Select(name =>
                KeyValuePair.Create(
                    name,
                    parts
                        .SelectMany(part =>
                            part.DrawnComponents.TryGetValue(name, out var values) ? values : [.. new double?[part.Drawn.Length]]
                        )
                        .ToImmutableArray()
                )
            )
        );
    }

    /// <summary>The samples at some places, in that order, with other groups.</summary>
    internal ScoredBatch Reordered(IReadOnlyList<int> places, IReadOnlyList<int> groups) =>
        new(places.Select(i => Drawn[i]), groups, Origin, ComponentsOf(places));

    private ScoredBatch Take(List<int> indices) =>
        new(indices.Select(i => Drawn[i]), indices.Select(i => DrawnGroups[i]), Origin, ComponentsOf(indices));

    private KeyValuePair<string, ImmutableArray<double?>>[] ComponentsOf(IReadOnlyList<int> indices) =>
        [.. DrawnComponents.Select(part => KeyValuePair.Create(part.Key, indices.Select(i => part.Value[i]).ToImmutableArray()))];
}
