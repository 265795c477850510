namespace VariationalBoN.Training;

/// <summary>What a <see cref="TrainingGuard"/> can raise an alarm for.</summary>
public enum GuardAlarmKind
{
    /// <summary>A loss, gradient or log-probability is NaN or infinite.</summary>
    NotANumber,

    /// <summary>KL(pi_theta || pi_ref) is far above that of Best-of-N.</summary>
    ExplodingKl,

    /// <summary>The completions of a prompt are nearly all the same.</summary>
    CollapsedDiversity,

    /// <summary>The entropy a token has fallen to a small part of what it was.</summary>
    CollapsedEntropy,

    /// <summary>The mean log-ratio stays below zero by more than its error: it cannot be a KL.</summary>
    NegativeKl,

    /// <summary>KL grows faster and faster.</summary>
    AcceleratingKl,

    /// <summary>Many completions score above all reference samples: the table cannot tell them apart.</summary>
    Saturation,

    /// <summary>Completions have become much longer or shorter while the reward rose.</summary>
    LengthDrift,

    /// <summary>Many completions are cut at the maximum length.</summary>
    Truncation,

    /// <summary>Few weights differ from what they were before the first step: rounding takes the steps away.</summary>
    StandingStill,

    /// <summary>The log-ratios to the reference are exactly 0 while the reward rises: policy and reference are one module.</summary>
    SharedModule,

    /// <summary>All completions of each prompt have the same reward: there is nothing to learn from.</summary>
    NoRewardSpread,
}
