using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace VariationalBoN.Rewards;

/// <summary>The rewards of a batch, with the named parts that they are made of where there are any: what a reward model returns.</summary>
/// <remarks>The list itself is the rewards; the parts go to <see cref="ScoredBatch.Components"/> for
/// metrics and logs and change nothing else. Immutable, thread-safe.</remarks>
[CollectionBuilder(typeof(RewardScores), nameof(Create))]
public sealed class RewardScores : IReadOnlyList<double>
{
    private readonly ImmutableArray<double> _rewards;

    /// <summary>Rewards of B completions with their parts.</summary>
    /// <param name="rewards">B rewards in the order of the completions.</param>
    /// <param name="components">For each name its B values in the same order; left out when there are none.</param>
    /// <exception cref="ArgumentException">A component does not have B values, or a name occurs twice or is blank.</exception>
    public RewardScores(IEnumerable<double> rewards, IEnumerable<KeyValuePair<string, ImmutableArray<double>>>? components = null)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        _rewards = [.. rewards];
        var byName = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<double>>(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<double> values) in components ?? [])
        {
            if (string.IsNullOrWhiteSpace(name) || values.IsDefault || values.Length != _rewards.Length)
                throw new ArgumentException(
                    $"The component \"{name}\" has {(values.IsDefault ? 0 : values.Length)} values for {_rewards.Length} rewards; each "
                        + $"component needs a name and one value for each reward.",
                    nameof(components)
                );
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

    /// <summary>Rewards without parts.</summary>
    /// <param name="rewards">B rewards in the order of the completions; copied.</param>
    public static implicit operator RewardScores(double[] rewards) => new(rewards);

    /// <summary>Rewards without parts, for collection expressions.</summary>
    /// <param name="rewards">B rewards in the order of the completions; copied.</param>
    /// <returns>The rewards.</returns>
    public static RewardScores Create(ReadOnlySpan<double> rewards) => new(rewards.ToArray());

    /// <summary>Other rewards of the same completions with the parts of these: for a reward model laid around another.</summary>
    /// <param name="rewards">B rewards.</param>
    /// <returns>Fresh scores.</returns>
    /// <exception cref="ArgumentException">There are not B rewards.</exception>
    public RewardScores WithRewards(IEnumerable<double> rewards) => new(rewards, Components);

    /// <inheritdoc/>
    public IEnumerator<double> GetEnumerator() => ((IEnumerable<double>)_rewards).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
