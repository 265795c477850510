using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>A part of a batch: whole groups whose gradient is computed at one time. Plain data, immutable, thread-safe.</summary>
public sealed class BatchPart
{
    private readonly int _whole;
    private readonly Lazy<string> _batch;

    internal BatchPart(ScoredBatch scored, ImmutableArray<int> positions, int whole, Lazy<string> batch, int index, int parts, double share)
    {
        (Scored, Positions, _whole, _batch) = (scored, positions, whole, batch);
        (Index, Parts, Share) = (index, parts, share);
    }

    /// <summary>Creates a part without the rest of its batch, for the process that computes its gradient.</summary>
    /// <param name="scored">Its b completions, at least one, each with a reward.</param>
    /// <param name="batch"><see cref="Batch"/> of the part that <see cref="GradientAccumulation.Cut"/> made.</param>
    /// <param name="index">Its <see cref="Index"/>.</param>
    /// <param name="parts">Its <see cref="Parts"/>.</param>
    /// <param name="share">Its <see cref="Share"/>.</param>
    /// <exception cref="ArgumentException">There is no completion, or one without a reward.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public BatchPart(ScoredBatch scored, string batch, int index, int parts, double share)
        : this(
            scored ?? throw new ArgumentNullException(nameof(scored)),
            [.. Enumerable.Range(0, scored.Count)],
            scored.Count,
            new Lazy<string>(batch ?? throw new ArgumentNullException(nameof(batch))),
            index,
            parts,
            share
        )
    {
        if (scored.Count == 0 || scored.Excluded > 0)
            throw new ArgumentException(
                $"The part has {scored.Count} completions with a reward and {scored.Excluded} without; it must have at least one, each "
                    + $"with a reward.",
                nameof(scored)
            );
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, parts);
        if (!(share > 0 && share <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "The share of a part is above 0 and at most 1.");
    }

    /// <summary>The b completions of the part, without the samples that have no reward.</summary>
    public ScoredBatch Scored { get; }

    /// <summary>For each completion of the part its position in the whole batch;
    /// 0 to b - 1 in a part that was created without its batch.</summary>
    public ImmutableArray<int> Positions { get; }

    /// <summary>The group of each completion of the part.</summary>
    public ImmutableArray<int> Groups => Scored.Groups;

    /// <summary>Which part of the batch, from 0.</summary>
    public int Index { get; }

    /// <summary>How many parts the batch has.</summary>
    public int Parts { get; }

    /// <summary>The share of the part in the batch, above 0 and at most 1: of its completions or of its groups.</summary>
    public double Share { get; }

    /// <summary>Identifies the batch: the SHA-256 of its completions, groups
    /// and rewards and of how it was cut, in hexadecimal digits.</summary>
    public string Batch => _batch.Value;

    /// <summary>Selects the numbers of this part from numbers of the whole batch, such as targets, weights or log pi_old.</summary>
    /// <param name="values">A number for each completion of the whole batch, in its
    /// order; in a part that was created without its batch, for each of its own.</param>
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
