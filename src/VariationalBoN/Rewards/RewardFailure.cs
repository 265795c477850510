namespace VariationalBoN.Rewards;

/// <summary>What happens when a reward cannot be had: the model throws, or returns NaN or infinity. It is never replaced by a number.</summary>
public enum RewardFailure
{
    /// <summary>The call ends in a <see cref="RewardModelException"/> that names the completion.</summary>
    Throw,

    /// <summary>The completion is left out and counted.</summary>
    Exclude,
}
