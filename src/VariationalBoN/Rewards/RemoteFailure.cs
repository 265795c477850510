namespace VariationalBoN.Rewards;

/// <summary>Why a remote service gave no usable answer, and so whether asking again can help.</summary>
public enum RemoteFailure
{
    /// <summary>
    /// It could not be reached, dropped the connection, gave half an answer, was too slow, or said that it is away for now (HTTP 408, 429,
    /// 502, 503, 504). Tried again; no fault of a completion.
    /// </summary>
    Unavailable,

    /// <summary>It failed inside (any other HTTP 5xx): it may be restarting. Tried again; no fault of a completion.</summary>
    ServerError,

    /// <summary>It refused what is in the request (HTTP 400, 413, 422): the fault of a completion. Asking again changes nothing.</summary>
    Rejected,

    /// <summary>
    /// It does not serve the request, whatever is in it: the address is wrong, or a key is missing or
    /// wrong (any other HTTP status below 500). Asking again changes nothing; no fault of a completion.
    /// </summary>
    Misdirected,

    /// <summary>It answered with something else than the asked numbers: not JSON, a wrong count, another model.
    /// Asking again changes nothing; no fault of a completion.</summary>
    BadAnswer,

    /// <summary>A reward that it gave is no finite number or not in the range asked for:
    /// the fault of the completion that it belongs to. Asking again changes nothing.</summary>
    BadReward,
}
