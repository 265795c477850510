using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>How a server of a pool is, at one moment. Immutable, thread-safe.</summary>
/// <param name="Server">Its address.</param>
/// <param name="UnderWay">The requests that it is at.</param>
/// <param name="Answered">The requests that it has answered, whatever it said, since the pool was made.</param>
/// <param name="Failed">The tries that came to nothing:
/// no connection, half an answer, too late, or a status that passes (408, 429, 5xx).</param>
/// <param name="Pause">For how long it is left alone from now; 0 when it is asked.</param>
/// <param name="LastFailure">Why it failed last; null when it never has.</param>
[Experimental(ExperimentalIds.Pools)]
public sealed record ServerHealth(Uri Server, int UnderWay, long Answered, long Failed, TimeSpan Pause, string? LastFailure)
{
    /// <summary>One line for people.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Server}: {Answered} answered, {Failed} failed, {UnderWay} under way")
        + (Pause > TimeSpan.Zero ? FormattableString.Invariant($", left alone for {Pause.TotalSeconds:0.#} s: {LastFailure}") : "");
}
