namespace VariationalBoN.Orleans.Internal;

/// <summary>Times and sizes of calls. Stateless.</summary>
internal static class WorkerCalls
{
    /// <summary>How long a call may take until it counts as failed and is made again.</summary>
    public const string Timeout = "00:00:05";

    /// <summary>How long one asks for a block to end: well within <see cref="Timeout"/>.</summary>
    public const int PollMilliseconds = 1000;

    /// <summary>The most bytes of a result or of weights in one message.</summary>
    public const int PieceBytes = 4 << 20;
}
