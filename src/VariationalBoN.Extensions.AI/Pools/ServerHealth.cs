using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>The state of a server of a pool at one moment. Immutable, thread-safe.</summary>
/// <param name="Server">Its address.</param>
/// <param name="UnderWay">The number of requests that it is working on.</param>
/// <param name="Answered">The number of requests that it has answered, refusals included, since the pool was made.</param>
/// <param name="Failed">The number of tries that failed: no connection, half
/// an answer, too late, or a status that passes (408, 429, 5xx).</param>
/// <param name="Pause">How long from now it gets no requests; 0 when it gets them.</param>
/// <param name="LastFailure">Why it failed last; null when it never has.</param>
[Experimental(ExperimentalIds.Pools)]
public sealed record ServerHealth(Uri Server, int UnderWay, long Answered, long Failed, TimeSpan Pause, string? LastFailure)
{
    /// <summary>The state in one line of text.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Server}: {Answered} answered, {Failed} failed, {UnderWay} under way")
        + (Pause > TimeSpan.Zero ? FormattableString.Invariant($", left alone for {Pause.TotalSeconds:0.#} s: {LastFailure}") : "");
}
