using System.Buffers.Binary;
using System.Globalization;
using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>A baseline from the batches before: an exponential moving average of the mean return. Not thread-safe.</summary>
/// <remarks>
/// Use <see cref="Baseline"/> for the loss first and <see cref="Add"/> the batch after: a baseline that has seen y_i is no longer free of
/// it. It is one number for all prompts, so targets must be comparable between prompts (the exact objective is, Gibbs is not). For loops
/// with one completion a prompt, where leave-one-out has no others.
/// </remarks>
public sealed class RunningMean
{
    private readonly double _decay;
    private double _sum,
        _weight;

    /// <summary>Creates an empty mean, before any batch.</summary>
    /// <param name="decay">The factor on the weight of a batch with each batch after it; at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="decay"/> is out of range or NaN.</exception>
    public RunningMean(double decay = 0.9)
    {
        if (!(decay >= 0 && decay < 1))
            throw new ArgumentOutOfRangeException(nameof(decay), decay, "The decay must be at least 0 and below 1.");
        _decay = decay;
    }

    /// <summary>The mean so far, as a baseline; none before the first batch.</summary>
    public Baseline Baseline => _weight > 0 ? Baseline.Constant(_sum / _weight) : Baseline.None;

    /// <summary>Takes in the returns R_i = log g(y_i) - log pi_theta(y_i) of a batch.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point; finite. Nothing of it is kept.</param>
    /// <param name="targets">log g(y_i), B finite values.</param>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, or the lengths differ.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public void Add(torch.Tensor logProb, IReadOnlyList<double> targets)
    {
        double[] read = [.. targets ?? throw new ArgumentNullException(nameof(targets))];
        double[] returns = Advantages.Returns(logProb, read, new int[read.Length]);
        _sum = (_decay * _sum) + ((1 - _decay) * returns.Average());
        _weight = (_decay * _weight) + (1 - _decay);
    }

    /// <summary>Writes the mean: 16 bytes, for <see cref="Load"/>. With both, a run's checkpoints take it:
    /// <c>checkpoints.Add("baseline", running.Save, running.Load)</c>.</summary>
    /// <param name="stream">Where to; stays open.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> state = stackalloc byte[16];
        BinaryPrimitives.WriteDoubleLittleEndian(state, _sum);
        BinaryPrimitives.WriteDoubleLittleEndian(state[8..], _weight);
        stream.Write(state);
    }

    /// <summary>Reads a mean that <see cref="Save"/> wrote; the decay of this object stays.</summary>
    /// <param name="stream">What <see cref="Save"/> wrote; stays open.</param>
    /// <exception cref="EndOfStreamException">There are fewer than 16 bytes. Nothing was changed.</exception>
    /// <exception cref="InvalidDataException">The bytes are not a running mean. Nothing was changed.</exception>
    public void Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> state = stackalloc byte[16];
        stream.ReadExactly(state);
        double sum = BinaryPrimitives.ReadDoubleLittleEndian(state),
            weight = BinaryPrimitives.ReadDoubleLittleEndian(state[8..]);
        if (!(double.IsFinite(sum) && weight is >= 0 and <= 1))
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"This is no running mean: a sum of {sum} with a weight of {weight}, which must be finite and 0 to 1. Give what "
                        + $"{nameof(RunningMean)}.{nameof(Save)} wrote."
                )
            );
        (_sum, _weight) = (sum, weight);
    }
}
