namespace VariationalBoN;

/// <summary>The targets of a batch for any <see cref="IVariationalObjective"/>. Stateless, thread-safe.</summary>
public static class ObjectiveExtensions
{
    /// <summary>log g(y | x) of each completion of a batch, in nats, up to a constant per prompt.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="scored">B scored completions.</param>
    /// <returns>B finite values in the order of the batch.</returns>
    /// <exception cref="InvalidOperationException">The batch was scored by another reference, reward model or way of scoring than the
    /// objective is about, or where one of the two comes from is not known; the message names what differs.</exception>
    /// <exception cref="ArithmeticException">A target is NaN or infinite; the message names the completion.</exception>
    public static double[] LogTargets(this IVariationalObjective objective, ScoredBatch scored)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(scored);
        ScoringIdentity.RequireMatch(objective.Requires, scored);
        double[] targets = new double[scored.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] = objective.LogTarget(scored[i]);
            if (!double.IsFinite(targets[i]))
                throw new ArithmeticException(
                    $"{objective.GetType().Name} gave the target {targets[i]} for completion {i} of prompt "
                        + $"\"{scored[i].Completion.Prompt}\" (reward {scored[i].Reward}, log pi_ref {scored[i].LogReference}); a target "
                        + $"must be finite."
                );
        }

        return targets;
    }
}
