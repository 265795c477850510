using System.Diagnostics.Metrics;
using VariationalBoN.Extensions.AI.Serving;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// What the services of a host do, as instruments of the meter <see cref="Telemetry.MeterName"/>,
/// told apart by <c>gen_ai.request.model</c>. Thread-safe.
/// </summary>
internal sealed class ServingMetrics
{
    private readonly ServedDecodes _decodes;

    /// <summary>Makes the instruments.</summary>
    public ServingMetrics(IMeterFactory meters, ServedDecodes decodes)
    {
        _decodes = decodes;
        Meter meter = meters.Create(Telemetry.MeterName);
        meter.CreateObservableUpDownCounter(
            "variationalbon.serving.waiting",
            () => Each(now => now.Waiting),
            "{request}",
            "Requests that wait for a place."
        );
        meter.CreateObservableUpDownCounter(
            "variationalbon.serving.running",
            () => Each(now => now.Running),
            "{request}",
            "Requests that are being drawn."
        );
        meter.CreateObservableCounter(
            "variationalbon.serving.tokens",
            () => Each(now => now.Tokens),
            "{token}",
            "Tokens that were drawn for requests."
        );
        meter.CreateObservableCounter("variationalbon.serving.requests", Ended, "{request}", "Requests that ended, by outcome.");
    }

    private IEnumerable<Measurement<long>> Ended() =>
        [
            .. Each(now => now.Finished, ("outcome", "finished")),
            .. Each(now => now.Cancelled, ("outcome", "cancelled")),
            .. Each(now => now.Failed, ("outcome", "failed")),
        ];

    private IEnumerable<Measurement<long>> Each(Func<CompletionServiceStatistics, long> number, params (string Key, object? Value)[] tags)
    {
        foreach ((string model, CompletionService service) in _decodes.All)
        {
            long value = number(service.Statistics);
            yield return new Measurement<long>(
                value,
                [new("gen_ai.request.model", model), .. tags.Select(tag => KeyValuePair.Create(tag.Key, tag.Value))]
            );
        }
    }
}
