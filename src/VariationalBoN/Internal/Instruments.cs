using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace VariationalBoN.Internal;

/// <summary>The source of spans and the instruments of the core: docs/hosting.md. Thread-safe.</summary>
internal static class Instruments
{
    /// <summary>Spans of draws, calls of judges, checkpoints.</summary>
    public static readonly ActivitySource Source = new(Telemetry.SourceName);

    private static readonly Meter s_meter = new(Telemetry.MeterName);

    /// <summary>Completions that policies drew.</summary>
    public static readonly Counter<long> Completions = s_meter.CreateCounter<long>(
        "variationalbon.completions",
        "{completion}",
        "Completions drawn from policies."
    );

    /// <summary>Tokens of them.</summary>
    public static readonly Counter<long> Tokens = s_meter.CreateCounter<long>(
        "variationalbon.tokens",
        "{token}",
        "Tokens drawn from policies."
    );

    /// <summary>Completions that were left without a reward.</summary>
    public static readonly Counter<long> Excluded = s_meter.CreateCounter<long>(
        "variationalbon.excluded",
        "{completion}",
        "Completions left out since their reward could not be had."
    );

    /// <summary>Calls that were made again.</summary>
    public static readonly Counter<long> Retries = s_meter.CreateCounter<long>(
        "variationalbon.retries",
        "{retry}",
        "Calls of services made again."
    );

    /// <summary>How long reward models take for a batch; its count is that of their calls.</summary>
    public static readonly Histogram<double> JudgeDuration = s_meter.CreateHistogram<double>(
        "variationalbon.judge.duration",
        "s",
        "Duration of a call of a reward model."
    );

    /// <summary>
    /// Notes that what a span is about failed, by the type of the error alone: its message may quote prompts.
    /// Always false, so that it can stand in an exception filter.
    /// </summary>
    public static bool Fail(this Activity? span, Exception error)
    {
        span?.SetTag("error.type", error.GetType().FullName).SetStatus(ActivityStatusCode.Error, error.GetType().Name);
        return false;
    }
}
