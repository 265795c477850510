namespace VariationalBoN;

/// <summary>What every <see cref="IVariationalObjective"/> can do besides its member. Stateless, thread-safe.</summary>
public static class ObjectiveExtensions
{
    /// <summary>log g(y | x) of each completion of a batch, in nats, up to a constant per prompt.</summary>
    /// <param name="objective">The objective, g.</param>
    /// <param name="bestOfN">The Best-of-N distribution.</param>
    /// <param name="completions">B scored completions.</param>
    /// <returns>B finite values.</returns>
    /// <exception cref="ArithmeticException">A value is NaN or infinite; the message names the completion.</exception>
    public static double[] LogTargets(this IVariationalObjective objective, IBoNDistribution bestOfN, IReadOnlyList<ScoredCompletion> completions)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(bestOfN);
        ArgumentNullException.ThrowIfNull(completions);
        double[] targets = new double[completions.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] = objective.LogTarget(bestOfN, completions[i]);
            if (!double.IsFinite(targets[i]))
                throw new ArithmeticException($"{objective.GetType().Name} gave log g = {targets[i]} for completion {i} of prompt \"{completions[i].Completion.Prompt}\" (reward {completions[i].Reward}, log pi_ref {completions[i].LogReference}); log g must be finite.");
        }

        return targets;
    }
}
