namespace VariationalBoN;

/// <summary>Why a completion ended.</summary>
public enum FinishReason
{
    /// <summary>The policy drew a stop token, which is the last token of the completion.</summary>
    Stopped,

    /// <summary>The completion reached the maximum length before a stop token was drawn: it is truncated.</summary>
    Length,
}
