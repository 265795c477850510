using System.Collections;
using System.Collections.Immutable;

namespace VariationalBoN.Rewards;

/// <summary>The rewards of a batch together with the named parts they are made of: what a reward model returns when its parts should be seen.</summary>
/// <remarks>The list itself is the rewards; the parts go to <see cref="ScoredBatch.Components"/> for metrics and logs and change nothing else. Immutable, thread-safe.</remarks>
public sealed class ComponentRewards : IReadOnlyList<double>
{
    private readonly ImmutableArray<double> _rewards;

    /// <summary>Rewards of B completions with their parts.</summary>
    /// <param name="rewards">B rewards in the order of the completions.</param>
    /// <param name="components">For each name its B values in the same order.</param>
    /// <exception cref="ArgumentException">A component has not B values, or a name stands twice or is blank.</exception>
    public ComponentRewards(IEnumerable<double> rewards, IEnumerable<KeyValuePair<string, ImmutableArray<double>>> components)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(components);
        _rewards = [.. rewards];
        var byName = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<double>>(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<double> values) in components)
        {
            if (string.IsNullOrWhiteSpace(name) || values.IsDefault || values.Length != _rewards.Length)
                throw new ArgumentException($"The component \"{name}\" has {(values.IsDefault ? 0 : values.Length)} values for {_rewards.Length} rewards; each component needs a name and one value for each reward.", nameof(components));
            if (!byName.TryAdd(name, values))
                throw new ArgumentException($"The component \"{name}\" stands twice; give each its own name.", nameof(components));
        }

        Components = byName.ToImmutable();
    }

    /// <summary>For each component its B values in the order of the completions.</summary>
    public IReadOnlyDictionary<string, ImmutableArray<double>> Components { get; }

    /// <summary>B, the number of completions.</summary>
    public int Count => _rewards.Length;

    /// <summary>The reward of a completion.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public double this[int index] => _rewards[index];

    /// <inheritdoc/>
    public IEnumerator<double> GetEnumerator() => ((IEnumerable<double>)_rewards).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
