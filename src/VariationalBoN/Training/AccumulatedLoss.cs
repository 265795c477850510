using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>The loss of a batch whose gradient was accumulated part by part, as plain numbers. Immutable, thread-safe.</summary>
/// <param name="Value">The loss of the whole batch.</param>
/// <param name="LogProb">log pi_theta(y | x) of its B completions in their order, in nats: for <see cref="StepMetrics"/>.</param>
public sealed record AccumulatedLoss(double Value, ImmutableArray<double> LogProb);
