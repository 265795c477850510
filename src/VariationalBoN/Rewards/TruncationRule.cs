namespace VariationalBoN.Rewards;

/// <summary>What happens to the reward of a completion that was cut at the maximum length (<see cref="FinishReason.Length"/>).</summary>
public enum TruncationRule
{
    /// <summary>The completion is scored as it is.</summary>
    Score,

    /// <summary>The completion is left out, without being scored, and counted.</summary>
    Exclude,

    /// <summary>The reward of the completion is <see cref="ScoringOptions.TruncationValue"/>, without being scored.</summary>
    Replace,

    /// <summary>The completion is scored, and <see cref="ScoringOptions.TruncationValue"/> is subtracted from its reward.</summary>
    Subtract,
}
