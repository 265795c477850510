using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>The gradient of one part of a batch, computed anywhere, as plain data: <see cref="GradientAccumulation.BackwardPart"/> makes
/// it, <see cref="GradientAccumulation.Add"/> adds it. Thread-safe as long as nobody writes into the arrays.</summary>
/// <param name="Index">Which part, from 0.</param>
/// <param name="Parts">How many parts the batch has.</param>
/// <param name="Value">The loss of the part times its share of the batch.</param>
/// <param name="Positions">For each of its b completions its position in the whole batch.</param>
/// <param name="LogProb">log pi_theta(y | x) of each, in nats.</param>
/// <param name="Gradients">For each parameter its gradient, weighted by the share: the elements in the parameter's own number type,
/// little-endian, the last index fastest; null where the loss does not depend on it.</param>
public sealed record GradientPart(
    int Index,
    int Parts,
    double Value,
    ImmutableArray<int> Positions,
    ImmutableArray<double> LogProb,
    ImmutableArray<byte[]?> Gradients
);
