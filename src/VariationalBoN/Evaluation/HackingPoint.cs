using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Evaluation;

/// <summary>The second reward of the best of n by the first reward. Immutable, thread-safe.</summary>
/// <param name="N">n, the draws of which the best by the first reward is kept; real, at least 1.</param>
/// <param name="First">Expected first reward of the best of n, with its standard error over prompts.</param>
/// <param name="Second">Expected second reward of the best of n by the first, with its standard error over prompts.</param>
/// <param name="SecondInterval">Bootstrap interval of <paramref name="Second"/> over prompts; infinite for a single prompt.</param>
/// <param name="Gain">Expected second reward of the best of n minus that of one draw, within the same prompts.</param>
/// <param name="Slope">
/// d/dn of <paramref name="Second"/>: E[(r2 - mean) (1 / n + log F)] under
/// the distribution of the best of n, with its standard error over prompts.
/// </param>
[Experimental(ExperimentalIds.SecondJudge)]
public readonly record struct HackingPoint(
    double N,
    Estimate First,
    Estimate Second,
    Interval SecondInterval,
    Estimate Gain,
    Estimate Slope
);
