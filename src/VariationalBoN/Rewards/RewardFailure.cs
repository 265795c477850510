namespace VariationalBoN.Rewards;

/// <summary>What happens when a reward cannot be had: the model throws, or returns NaN or infinity.
/// It is never replaced by a number.</summary>
public enum RewardFailure
{
    /// <summary>The call ends in a <see cref="RewardModelException"/> that names the completion.</summary>
    Throw,

    /// <summary>
    /// A failure that is the fault of a completion leaves that completion without a reward; it is counted, and
    /// <see cref="ScoringOptions.Logger"/> receives a message. Such failures: a local function throws for it, its
    /// reward is not finite, or a service refuses it (<see cref="RemoteFailure.Rejected"/>,
    /// <see cref="RemoteFailure.BadReward"/>). A failure that is the fault of a service ends the call in any case.
    /// </summary>
    Exclude,
}
