namespace VariationalBoN.Evaluation;

/// <summary>
/// The reward of the best of n reference draws, with its interval and its gain over one draw,
/// as means over prompts. Immutable, thread-safe.
/// </summary>
/// <param name="N">n, the draws of which the best is kept.</param>
/// <param name="Reward">Expected reward of the best of n, with its standard error over prompts.</param>
/// <param name="RewardInterval">Bootstrap interval of <paramref name="Reward"/> over prompts; infinite for a single prompt.</param>
/// <param name="Gain">Expected reward of the best of n minus that of one draw, with its standard error: a
/// difference within the same prompts, so its error is far smaller than that of <paramref name="Reward"/>.</param>
public readonly record struct BestOfNPoint(int N, Estimate Reward, Interval RewardInterval, Estimate Gain);
