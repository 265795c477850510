using System.Collections;
using System.Collections.Immutable;

namespace VariationalBoN;

/// <summary>Scored completions of one step with the group (prompt) that each belongs to.</summary>
/// <remarks>Plain data, immutable, so safe to share between threads. Groups may be ragged: completions can have been excluded.</remarks>
public sealed class ScoredBatch : IReadOnlyList<ScoredCompletion>
{
    private readonly ImmutableArray<ScoredCompletion> _items;

    /// <summary>Creates a batch of B completions.</summary>
    /// <param name="items">The B scored completions.</param>
    /// <param name="groups">For each completion the index of its group, 0 or more; completions of one draw of one prompt share a group.</param>
    /// <param name="excluded">How many completions were drawn but left out, 0 or more.</param>
    /// <param name="components">For each named component of the rewards its B values, null where a completion has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A group or <paramref name="excluded"/> is negative.</exception>
    public ScoredBatch(IEnumerable<ScoredCompletion> items, IEnumerable<int> groups, int excluded = 0, IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentOutOfRangeException.ThrowIfNegative(excluded);
        _items = [.. items];
        Groups = [.. groups];
        if (_items.Length != Groups.Length)
            throw new ArgumentException($"There are {_items.Length} scored completions but {Groups.Length} group indices; give one group to each completion.", nameof(groups));
        foreach (int group in Groups)
            ArgumentOutOfRangeException.ThrowIfNegative(group, nameof(groups));
        Components = (components ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<double?> values) in Components)
        {
            if (values.Length != _items.Length)
                throw new ArgumentException($"There are {_items.Length} scored completions but {values.Length} values of the component \"{name}\"; give one to each completion.", nameof(components));
        }

        Completions = _items.Select(item => item.Completion).ToImmutableArray();
        Excluded = excluded;
    }

    /// <summary>The group of each completion, in the order of the batch: what a baseline is formed over.</summary>
    public ImmutableArray<int> Groups { get; }

    /// <summary>The completions alone, in the order of the batch.</summary>
    public ImmutableArray<Completion> Completions { get; }

    /// <summary>For each named component of the rewards its B values in the order of the batch, as the reward model reported them: for metrics and logs.</summary>
    /// <remarks>Null where it reported none. What is done to the reward of a truncated completion is not in them. Empty for a reward without parts.</remarks>
    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components { get; }

    /// <summary>How many completions were drawn but are not here: failed rewards, excluded truncations and what these left alone in a group.</summary>
    public int Excluded { get; }

    /// <summary>B, the number of completions.</summary>
    public int Count => _items.Length;

    /// <summary>The completion at a position.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public ScoredCompletion this[int index] => _items[index];

    /// <summary>Splits into parts of whole groups, so that the gradient of a large batch can be accumulated part by part.</summary>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <returns>The parts; their loss, weighted by their share of <see cref="Count"/>, adds up to the loss of the whole.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="completionsPerPart"/> is below 1.</exception>
    public IReadOnlyList<ScoredBatch> SplitByGroup(int completionsPerPart)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPart, 1);
        var parts = new List<ScoredBatch>();
        var part = new List<int>();
        foreach (int[] group in Enumerable.Range(0, Count).GroupBy(i => Groups[i]).Select(g => g.ToArray()))
        {
            if (part.Count > 0 && part.Count + group.Length > completionsPerPart)
            {
                parts.Add(Take(part));
                part.Clear();
            }

            part.AddRange(group);
        }

        if (part.Count > 0)
            parts.Add(Take(part));
        return parts;
    }

    /// <inheritdoc/>
    public IEnumerator<ScoredCompletion> GetEnumerator() => ((IEnumerable<ScoredCompletion>)_items).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private ScoredBatch Take(List<int> indices) => new(
        indices.Select(i => _items[i]),
        indices.Select(i => Groups[i]),
        components: Components.Select(part => KeyValuePair.Create(part.Key, indices.Select(i => part.Value[i]).ToImmutableArray())));
}
