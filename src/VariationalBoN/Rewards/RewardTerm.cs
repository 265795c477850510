namespace VariationalBoN.Rewards;

/// <summary>One named term of a weighted sum of rewards. Immutable; as thread-safe as its reward model.</summary>
/// <param name="Name">The name of the component in metrics and logs.</param>
/// <param name="Model">The reward model.</param>
/// <param name="Weight">A finite factor; 0 for a component that is only watched.</param>
public sealed record RewardTerm(string Name, IRewardModel Model, double Weight = 1);
