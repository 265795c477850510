namespace VariationalBoN;

/// <summary>
/// The names of this library's spans and metrics for OpenTelemetry:
/// <c>AddSource</c> and <c>AddMeter</c>. Without a listener nothing is measured.
/// </summary>
/// <remarks>
/// Spans of <see cref="SourceName"/>: <c>draw</c>, a call that samples a <see cref="CausalLmPolicy"/> or a request of a
/// <see cref="Policies.LiveDecoding"/>; <c>judge</c>, a call of a reward model; <c>checkpoint.save</c> and <c>checkpoint.restore</c>. Their
/// tags are those of OpenTelemetry's conventions for generative models where there is one,
/// and begin with <c>variationalbon.</c> elsewhere. Stateless, thread-safe.
/// </remarks>
public static class Telemetry
{
    /// <summary>The name of the source of spans: <c>VariationalBoN</c>.</summary>
    public const string SourceName = "VariationalBoN";

    /// <summary>
    /// The name of the meter of completions, tokens, rewards and retries: <c>VariationalBoN</c>.
    /// Numbers of training have one of their own, <c>VariationalBoN.Training</c>.
    /// </summary>
    public const string MeterName = "VariationalBoN";
}
