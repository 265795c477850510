using System.Globalization;

namespace Cluster;

/// <summary>What happened to the processes of a run, as they and its learner told it. Thread-safe enough for one line at a time.</summary>
internal sealed class Events
{
    /// <summary>A dead worker is noticed within 5 seconds; as much again is for a machine with other work.</summary>
    private static readonly TimeSpan s_noticedWithin = TimeSpan.FromSeconds(10);

    private TimeSpan? _noticed;
    private long _newcomerBlocks;

    /// <summary>The process of the worker that was killed, and when; null before.</summary>
    public (int Process, TimeSpan At)? Victim { get; set; }

    /// <summary>The silo that came after it; null before.</summary>
    public string? Newcomer { get; set; }

    /// <summary>Whether the learner was killed.</summary>
    public bool IsLearnerKilled { get; set; }

    /// <summary>Takes a line of a learner.</summary>
    public void Hear(string line, TimeSpan now)
    {
        if (
            Victim is { } victim
            && line.Contains($"(process {victim.Process} on ", StringComparison.Ordinal)
            && line.Contains(" was lost with ", StringComparison.Ordinal)
        )
            _noticed ??= now - victim.At;
        int did = line.IndexOf(Roles.Did, StringComparison.Ordinal);
        if (did >= 0 && Newcomer is string newcomer && line.StartsWith(newcomer + " ", StringComparison.Ordinal))
            _newcomerBlocks = long.Parse(line.AsSpan(did + Roles.Did.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>What should have happened and did not; null where all did.</summary>
    /// <param name="killsLearner">Whether the learner should have been killed.</param>
    public string? Missing(bool killsLearner) =>
        this switch
        {
            { Victim: null } => "No worker was killed on the way, so that nothing is shown.",
            { _noticed: null } => "The learner did not say that a worker was lost.",
            { _noticed: TimeSpan after } when after > s_noticedWithin => FormattableString.Invariant(
                $"The loss of a worker was noticed after {after.TotalSeconds:0.0} s; it should be within {s_noticedWithin.TotalSeconds} s."
            ),
            { _newcomerBlocks: 0 } => "The worker that came after the kill did no block.",
            { IsLearnerKilled: false } when killsLearner => "The learner was not killed on the way.",
            _ => null,
        };
}
