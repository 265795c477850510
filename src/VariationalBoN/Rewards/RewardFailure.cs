namespace VariationalBoN.Rewards;

/// <summary>What happens when a reward cannot be had: the model throws, or returns NaN or infinity. It is never replaced by a number.</summary>
public enum RewardFailure
{
    /// <summary>The call ends in a <see cref="RewardModelException"/> that names the completion.</summary>
    Throw,

    /// <summary>
    /// The completion is left out and counted, <see cref="ScoringOptions.OnExcluded"/> is told. In an estimation into a folder a service that is away
    /// (<see cref="RemoteFailure.Unavailable"/>) ends the call all the same: what a folder holds as excluded is never drawn again.
    /// </summary>
    Exclude,
}
