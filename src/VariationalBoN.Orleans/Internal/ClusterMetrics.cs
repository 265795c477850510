using System.Diagnostics.Metrics;

namespace VariationalBoN.Orleans.Internal;

/// <summary>What OpenTelemetry is told, under the meter "VariationalBoN.Orleans". Thread-safe.</summary>
internal static class ClusterMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "VariationalBoN.Orleans";

    private static readonly Meter s_meter = new(Name);

    /// <summary>Blocks that were done, at the client.</summary>
    public static Counter<long> Done { get; } = s_meter.CreateCounter<long>("variationalbon.blocks.done", "{block}");

    /// <summary>Blocks that were given to another worker since theirs was lost.</summary>
    public static Counter<long> Lost { get; } = s_meter.CreateCounter<long>("variationalbon.blocks.lost", "{block}");

    /// <summary>Workers that were refused.</summary>
    public static Counter<long> Refused { get; } = s_meter.CreateCounter<long>("variationalbon.workers.refused", "{worker}");

    /// <summary>Seconds from handing a block over to having its result.</summary>
    public static Histogram<double> Seconds { get; } = s_meter.CreateHistogram<double>("variationalbon.blocks.duration", "s");

    /// <summary>Bytes of weights that were sent.</summary>
    public static Counter<long> WeightBytes { get; } = s_meter.CreateCounter<long>("variationalbon.weights.sent", "By");
}
