namespace VariationalBoN.Evaluation;

/// <summary>
/// One bin of a reliability diagram: how often a judge is right among the pairs with this confidence. Immutable, thread-safe.
/// </summary>
/// <param name="Lower">The least probability of the bin.</param>
/// <param name="Upper">The greatest probability; not in the bin unless it is 1.</param>
/// <param name="Pairs">How many pairs are in it.</param>
/// <param name="Predicted">The mean probability that the judge gives to the answer it prefers; 0 for an empty bin.</param>
/// <param name="Observed">The share of pairs whose label agrees, ties half; 0 for an empty bin.</param>
/// <param name="Interval">The 95 % interval of that share (Wilson), pairs taken as independent; 0 to 1 for an empty bin.</param>
public readonly record struct CalibrationBin(double Lower, double Upper, int Pairs, double Predicted, double Observed, Interval Interval);
