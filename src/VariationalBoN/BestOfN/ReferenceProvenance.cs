namespace VariationalBoN.BestOfN;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy, a reward model and a scorer.</summary>
/// <param name="Reference">Identity of the reference policy, sampling settings included.</param>
/// <param name="RewardModel">Identity of the reward model.</param>
/// <param name="Scoring">How rewards were scored: <see cref="Rewards.ScoringOptions.Describe"/>.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(string Reference, string RewardModel, string Scoring, long Seed);
