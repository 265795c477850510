namespace VariationalBoN.Rewards;

/// <summary>Why a remote service gave no usable answer, and so whether asking again can help.</summary>
public enum RemoteFailure
{
    /// <summary>
    /// It could not be reached, dropped the connection, gave half an answer, was too slow, or said that it is away for now (HTTP 408, 429, 502, 503, 504).
    /// Tried again; no fault of a completion.
    /// </summary>
    Unavailable,

    /// <summary>It failed inside (any other HTTP 5xx): it may be restarting, or a completion may be more than it can bear. Tried again.</summary>
    ServerError,

    /// <summary>It refused the request (HTTP 4xx and what is left). Asking again changes nothing.</summary>
    Rejected,

    /// <summary>It answered with something else than the asked numbers: not JSON, a wrong count, NaN. Asking again changes nothing.</summary>
    BadAnswer,
}
