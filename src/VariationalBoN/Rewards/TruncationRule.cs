namespace VariationalBoN.Rewards;

/// <summary>What happens to the reward of a completion that was cut at the maximum length (<see cref="FinishReason.Length"/>).</summary>
public enum TruncationRule
{
    /// <summary>It is scored as it stands.</summary>
    Score,

    /// <summary>It is left out, without being scored, and counted.</summary>
    Exclude,

    /// <summary>Its reward is <see cref="ScoringOptions.TruncationValue"/>, without being scored.</summary>
    Replace,

    /// <summary>It is scored, and <see cref="ScoringOptions.TruncationValue"/> is subtracted from its reward.</summary>
    Subtract,
}
