namespace VariationalBoN.Rewards;

/// <summary>Why a remote service gave no usable answer, and so whether asking again can help.</summary>
public enum RemoteFailure
{
    /// <summary>
    /// The service could not be reached, dropped the connection, gave an incomplete answer, was too slow, or said
    /// that it is unavailable for now (HTTP 408, 429, 502, 503, 504). Tried again; no fault of a completion.
    /// </summary>
    Unavailable,

    /// <summary>The service had an internal error (any other HTTP 5xx) and
    /// may be restarting. Tried again; no fault of a completion.</summary>
    ServerError,

    /// <summary>The service refused the content of the request (HTTP 400, 413,
    /// 422): the fault of a completion. Asking again changes nothing.</summary>
    Rejected,

    /// <summary>
    /// The service does not serve the request, whatever its content: the address is wrong, or a key is missing
    /// or wrong (any other HTTP status below 500). Asking again changes nothing; no fault of a completion.
    /// </summary>
    Misdirected,

    /// <summary>The service answered with something else than the numbers asked for: not JSON, a
    /// wrong count, another model. Asking again changes nothing; no fault of a completion.</summary>
    BadAnswer,

    /// <summary>A reward that the service gave is not finite or not in the range asked for:
    /// the fault of the completion that it belongs to. Asking again changes nothing.</summary>
    BadReward,
}
