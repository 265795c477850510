namespace VariationalBoN;

/// <summary>A completion with the two numbers that every target needs: r(x, y) and log pi_ref(y | x). Immutable, thread-safe.</summary>
/// <param name="Completion">The completion.</param>
/// <param name="Reward">r(x, y), the reward model's score, in its own unit; finite.</param>
/// <param name="LogReference">
/// log pi_ref(y | x) in nats, at most 0: the sum over the drawn tokens,
/// stop token included, prompt excluded, under the sampling distribution.
/// </param>
public readonly record struct ScoredCompletion(Completion Completion, double Reward, double LogReference);
