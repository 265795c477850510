using System.Collections.Immutable;

namespace VariationalBoN.Rewards;

/// <summary>What <see cref="CheckedScoring"/> found for B completions. Filled from several tasks, each at its own places.</summary>
internal sealed class CheckedRewards(int count)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, double?[]> _components = new(StringComparer.Ordinal);

    /// <summary>B entries: the reward, or null where the completion was excluded.</summary>
    public double?[] Rewards { get; } = new double?[count];

    /// <summary>For each named component B entries, null where it was not reported. To be read when all is filled.</summary>
    public IReadOnlyDictionary<string, double?[]> Components => _components;

    /// <summary>Takes the components of a batch; NaN is what was not reported.</summary>
    public void Add(int[] batch, RewardScores parts)
    {
        foreach ((string name, ImmutableArray<double> values) in parts.Components)
        {
            double?[] column = Column(name);
            for (int i = 0; i < batch.Length; i++)
                column[batch[i]] = double.IsNaN(values[i]) ? null : values[i];
        }
    }

    private double?[] Column(string name)
    {
        lock (_lock)
        {
            if (!_components.TryGetValue(name, out double?[]? column))
                _components[name] = column = new double?[Rewards.Length];
            return column;
        }
    }
}
