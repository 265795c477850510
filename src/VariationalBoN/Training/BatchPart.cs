using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>A part of a batch: whole groups whose gradient is computed at one time. Plain data, immutable, thread-safe.</summary>
public sealed class BatchPart
{
    private readonly int _whole;

    internal BatchPart(ScoredBatch scored, ImmutableArray<int> positions, int whole) =>
        (Scored, Positions, _whole) = (scored, positions, whole);

    /// <summary>The b completions of the part, without the samples that have no reward.</summary>
    public ScoredBatch Scored { get; }

    /// <summary>For each of them its position in the whole batch.</summary>
    public ImmutableArray<int> Positions { get; }

    /// <summary>The group of each of them.</summary>
    public ImmutableArray<int> Groups => Scored.Groups;

    /// <summary>What belongs to this part of numbers that were made for the whole batch, such as targets, weights or log pi_old.</summary>
    /// <param name="values">A number to each completion of the whole batch, in its order.</param>
    /// <returns>b numbers in the order of the part; a fresh array.</returns>
    /// <exception cref="ArgumentException">There are not as many numbers as completions in the whole batch.</exception>
    public double[] Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count != _whole)
            throw new ArgumentException(
                $"There are {values.Count} values but {_whole} completions in the whole batch; give one to each completion with a reward.",
                nameof(values)
            );
        return [.. Positions.Select(position => values[position])];
    }
}
