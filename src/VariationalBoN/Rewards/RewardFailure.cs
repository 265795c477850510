namespace VariationalBoN.Rewards;

/// <summary>What happens when a reward cannot be had: the model throws, or returns NaN or infinity.
/// It is never replaced by a number.</summary>
public enum RewardFailure
{
    /// <summary>The call ends in a <see cref="RewardModelException"/> that names the completion.</summary>
    Throw,

    /// <summary>
    /// What is a completion's own fault leaves it without a reward, counted, and <see cref="ScoringOptions.Logger"/> is told: a local
    /// function throws for it, its reward is not finite, or a service refuses it by name (<see cref="RemoteFailure.Rejected"/>,
    /// <see cref="RemoteFailure.BadReward"/>). What is the fault of a service ends the call all the same.
    /// </summary>
    Exclude,
}
