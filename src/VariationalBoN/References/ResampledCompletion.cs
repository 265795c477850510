namespace VariationalBoN.References;

/// <summary>An answer that was chosen among several draws by its importance weight. Immutable, thread-safe.</summary>
/// <param name="Completion">The answer, with reward and log pi_ref.</param>
/// <param name="EffectiveDraws">(sum of weights)^2 / sum of their squares among the draws:
/// 1 where one draw had all the weight, the number of draws where all weighed alike.</param>
public readonly record struct ResampledCompletion(ScoredCompletion Completion, double EffectiveDraws);
