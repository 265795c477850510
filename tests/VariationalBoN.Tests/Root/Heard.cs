using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace VariationalBoN.Tests.Root;

/// <summary>Spans that began under its own, and measurements made meanwhile by this flow of control.</summary>
internal sealed class Heard : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly List<(string Name, double Value, KeyValuePair<string, object?>[] Tags)> _measured = [];
    private readonly Activity _parent = new Activity("test").Start();
    private readonly ActivityListener _spansListener;
    private readonly MeterListener _meterListener = new();

    public Heard()
    {
        _spansListener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId == _parent.TraceId)
                {
                    lock (_spans)
                        _spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_spansListener);
        _meterListener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _meterListener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meterListener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meterListener.Start();
    }

    public IReadOnlyList<Activity> Spans => _spans;

    public double Sum(string name) => _measured.Where(one => one.Name == name).Sum(one => one.Value);

    public int Count(string name, string tag, object value) =>
        _measured.Count(one => one.Name == name && one.Tags.Contains(new(tag, value)));

    public void Dispose()
    {
        _meterListener.Dispose();
        _spansListener.Dispose();
        _parent.Dispose();
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Activity.Current?.TraceId != _parent.TraceId)
            return; // of another test
        lock (_measured)
            _measured.Add((instrument.Name, value, tags.ToArray()));
    }
}
