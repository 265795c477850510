using System.Collections.Immutable;

namespace VariationalBoN.BestOfN;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy, a reward model and a scorer.</summary>
/// <param name="Reference">Identity of the reference policy, sampling settings included.</param>
/// <param name="RewardModel">Identity of the reward model.</param>
/// <param name="Scoring">How rewards were scored: <see cref="Rewards.ScoringOptions.Describe"/>.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(string Reference, string RewardModel, string Scoring, long Seed)
{
    /// <summary>The seeds of tables that were merged into this one.</summary>
    public ImmutableArray<long> MoreSeeds { get; init; } = [];

    /// <summary>Whether all is equal, seed by seed.</summary>
    /// <param name="other">Another provenance.</param>
    /// <returns>True when it is.</returns>
    public bool Equals(ReferenceProvenance? other) => other is not null && Reference == other.Reference && RewardModel == other.RewardModel && Scoring == other.Scoring && Seed == other.Seed && MoreSeeds.SequenceEqual(other.MoreSeeds);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Reference, RewardModel, Scoring, Seed, MoreSeeds.Length);
}
