namespace VariationalBoN;

/// <summary>What every <see cref="IVariationalObjective"/> can do besides its members. Stateless, thread-safe.</summary>
public static class ObjectiveExtensions
{
    /// <summary>log g(y | x) of each completion of a batch, in nats, up to a constant per prompt.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="scored">B scored completions.</param>
    /// <returns>B finite values in the order of the batch.</returns>
    /// <exception cref="InvalidOperationException">The batch was scored by another reference, reward model or way of scoring than the objective is about, or where one of the two comes from is not known; the message names what differs.</exception>
    /// <exception cref="ArithmeticException">A target is NaN or infinite; the message names the completion.</exception>
    public static double[] LogTargets(this IVariationalObjective objective, ScoredBatch scored)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(scored);
        RequireOrigin(objective, scored);
        double[] targets = new double[scored.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] = objective.LogTarget(scored[i]);
            if (!double.IsFinite(targets[i]))
                throw new ArithmeticException($"{objective.GetType().Name} gave the target {targets[i]} for completion {i} of prompt \"{scored[i].Completion.Prompt}\" (reward {scored[i].Reward}, log pi_ref {scored[i].LogReference}); a target must be finite.");
        }

        return targets;
    }

    /// <summary>Refuses a batch that was scored by something else than the objective is about.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="scored">The batch.</param>
    /// <exception cref="InvalidOperationException">Something differs or is not known; the message names it.</exception>
    internal static void RequireOrigin(IVariationalObjective objective, ScoredBatch scored)
    {
        if (objective.Requires is not ScoringIdentity required)
            return;
        if (required == ScoringIdentity.Unknown)
            throw new InvalidOperationException("The reference table does not know which reference and reward model its rewards come from, so these completions may have been scored by others. If they were scored by the same, say so: ReferenceTable.AcceptUnknownProvenance.");
        if (scored.Origin is not ScoringIdentity origin)
            throw new InvalidOperationException("The scored batch does not know which reference and reward model it comes from, so these may be others than those of the reference table. Score by a Scorer, or give the batch its origin when it is made.");
        string[] differences = [.. required.Differences(origin, "the reference table", "the scored batch")];
        if (differences.Length > 0)
            throw new InvalidOperationException($"The completions were not scored by what the reference table was made with: {string.Join("; ", differences)}. Use the same, or estimate the table anew.");
    }
}
