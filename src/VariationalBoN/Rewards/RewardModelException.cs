namespace VariationalBoN.Rewards;

/// <summary>A reward model failed: it threw, returned NaN or infinity, or the wrong number of rewards.
/// The message names the completion.</summary>
public sealed class RewardModelException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public RewardModelException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, for which completion, and what to do.</param>
    public RewardModelException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the reward model's own error.</summary>
    /// <param name="message">What failed, for which completion, and what to do.</param>
    /// <param name="innerException">What the reward model threw.</param>
    public RewardModelException(string message, Exception? innerException)
        : base(message, innerException) { }
}
