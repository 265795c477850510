namespace VariationalBoN;

/// <summary>The diagnostics of what may still change between minor versions, one for each area.</summary>
/// <remarks>
/// The compiler reports a use as an error of this id until it is accepted: by <c>&lt;NoWarn&gt;$(NoWarn);VBON0003&lt;/NoWarn&gt;</c> in the
/// project, by <c>#pragma warning disable VBON0003</c> in a file,
/// or by <c>[Experimental(ExperimentalIds.Guidance)]</c> on code of yours that hands it on. Stateless, thread-safe.
/// </remarks>
public static class ExperimentalIds
{
    /// <summary>Workers and learners on a cluster: all of VariationalBoN.Orleans.</summary>
    public const string Cluster = "VBON0001";

    /// <summary>Pools of servers: <c>VariationalBoN.Extensions.AI.Pools</c>.</summary>
    public const string Pools = "VBON0002";

    /// <summary>Values of prefixes and the guided policy: <c>VariationalBoN.Guidance</c>.</summary>
    public const string Guidance = "VBON0003";

    /// <summary>GGUF files.</summary>
    public const string Gguf = "VBON0004";

    /// <summary>Reports and watches that compare a judge with a second one, or estimate how much reward there is to gain.</summary>
    public const string SecondJudge = "VBON0005";

    /// <summary>Best-of-n that ends when one more draw is not worth its cost.</summary>
    public const string EarlyStopping = "VBON0006";
}
