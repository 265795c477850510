namespace VariationalBoN;

/// <summary>What the numbers of a scored completion come from:
/// log pi_ref of this reference, r of this reward model, scored in this way. Immutable, thread-safe.</summary>
/// <remarks>Tables and scored batches carry it, objectives say which they need, and what does not match is refused.</remarks>
/// <param name="Reference">The reference policy, sampling settings included.</param>
/// <param name="RewardModel">The reward model.</param>
/// <param name="Scoring">What happens to truncated completions (<see cref="Rewards.ScoringOptions.Identity"/>).</param>
public sealed record ScoringIdentity(ModelIdentity Reference, ModelIdentity RewardModel, ModelIdentity Scoring)
{
    /// <summary>The identity of a table that does not know where its rewards come
    /// from, such as a file that another program wrote. Nothing matches it.</summary>
    public static ScoringIdentity Unknown { get; } = new("unknown", "unknown", "unknown");

    /// <summary>What differs, part by part; none when nothing does.</summary>
    /// <param name="other">The identity to compare with.</param>
    /// <param name="mine">What this belongs to, in messages, such as "the table".</param>
    /// <param name="theirs">What the other belongs to.</param>
    /// <returns>Sentences that name the part and how it differs.</returns>
    public IEnumerable<string> Differences(ScoringIdentity other, string mine = "the first", string theirs = "the other")
    {
        ArgumentNullException.ThrowIfNull(other);
        return new[]
        {
            Difference("reference policy", Reference, other.Reference),
            Difference("reward model", RewardModel, other.RewardModel),
            Difference("scoring", Scoring, other.Scoring),
        }.OfType<string>();

        string? Difference(string part, ModelIdentity one, ModelIdentity two) =>
            one == two ? null
            : one.Name != two.Name ? $"the {part} of {mine} is {one}, that of {theirs} is {two}"
            : $"the {part} of {mine} and of {theirs} ({one.Name}) differ: {string.Join("; ", one.Differences(two))}";
    }

    /// <summary>Refuses a batch that was scored by something else than a reference table or an objective is about.</summary>
    /// <param name="required">What is required; null when any will do.</param>
    /// <param name="scored">The batch.</param>
    /// <exception cref="InvalidOperationException">Something differs or is not known; the message names it.</exception>
    internal static void RequireMatch(ScoringIdentity? required, ScoredBatch scored)
    {
        RequireMatch(required, scored.Origin ?? required, "the scored batch");
        if (required is not null && scored.Origin is null)
            throw new InvalidOperationException(
                "The scored batch does not know which reference and reward model it comes from, so these may be others than those of the "
                    + "reference table. Score by a Scorer, or give the batch its origin when it is made."
            );
    }

    /// <summary>Refuses another origin than that of a reference table.</summary>
    /// <param name="required">What is required; null when any will do.</param>
    /// <param name="origin">What is there.</param>
    /// <param name="whose">What it belongs to, in the message.</param>
    /// <exception cref="InvalidOperationException">Something differs or is not known; the message names it.</exception>
    internal static void RequireMatch(ScoringIdentity? required, ScoringIdentity? origin, string whose)
    {
        if (required is null || origin is null)
            return;
        if (required == Unknown)
            throw new InvalidOperationException(
                $"The reference table does not know which reference and reward model its rewards come from, so those of {whose} may be "
                    + $"others. If they are the same, say so: ReferenceTable.AcceptUnknownProvenance."
            );
        string[] differences = [.. required.Differences(origin, "the reference table", whose)];
        if (differences.Length > 0)
            throw new InvalidOperationException(
                $"The reference table was made with something else than it is used with: {string.Join("; ", differences)}. Use the same, "
                    + $"or estimate the table anew."
            );
    }
}
