using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>The gradient of one part of a batch, computed anywhere, as plain data: <see cref="GradientAccumulation.BackwardPart"/> makes
/// it, <see cref="GradientSum"/> adds it. Thread-safe as long as nobody writes into the arrays.</summary>
/// <param name="Batch">The batch that it is of: <see cref="BatchPart.Batch"/>.</param>
/// <param name="Weights">The name of the weights that it was computed with,
/// as given to <see cref="GradientAccumulation.BackwardPart"/>.</param>
/// <param name="Index">Which part, from 0.</param>
/// <param name="Value">The loss of the part times its share of the batch.</param>
/// <param name="LogProb">log pi_theta(y | x) of each of its b completions, in nats.</param>
/// <param name="Gradients">For each parameter its gradient, weighted by the share: the elements in the parameter's own number type,
/// little-endian, the last index fastest; null where the loss does not depend on it.</param>
public sealed record GradientPart(
    string Batch,
    string Weights,
    int Index,
    double Value,
    ImmutableArray<double> LogProb,
    ImmutableArray<byte[]?> Gradients
);
