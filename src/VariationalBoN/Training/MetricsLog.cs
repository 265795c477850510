using System.Diagnostics.Metrics;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>
/// Writes the metrics of a run: a JSON line for each step, the same numbers as gauges of
/// <c>System.Diagnostics.Metrics</c> and, if asked for, as events of TensorBoard.
/// </summary>
/// <remarks>
/// A line is <c>{"step":12,"reward":1.5,...}</c>; values that are no JSON numbers stand as "NaN", "Infinity", "-Infinity". Each line is
/// handed to the operating system at once, so a killed process loses none; a line torn by a full disk is cut when the file is opened again.
/// The meter is named <see cref="MeterName"/>, its instruments <c>variationalbon.training.reward</c> and so on, with the units of
/// <see cref="MetricNames"/>; OpenTelemetry and <c>dotnet-counters</c> listen to it. Others may read the file meanwhile; one writer at a
/// time, which an empty file <c>(name)-writer</c> beside it stands for: it is left behind, and its lock goes with the process.
/// Holds the file until disposed of. Not thread-safe.
/// </remarks>
public sealed partial class MetricsLog : IDisposable
{
    /// <summary>The name of the meter: <c>VariationalBoN.Training</c>.</summary>
    public const string MeterName = "VariationalBoN.Training";

    private readonly Stream _file;
    private readonly FileStream? _lock;
    private readonly string _name;
    private readonly Meter _meter = new(MeterName);
    private readonly Dictionary<string, Gauge<double>> _gauges = new(StringComparer.Ordinal);
    private readonly MemoryStream _line = new();
    private readonly TensorBoardEvents? _events;
    private long _end;
    private Action? _beforeCut;
    private IOException? _lost; // what came after it may not be on the disk, whatever later flushes say

    /// <summary>Opens a file to append to, or makes it.</summary>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="tensorBoard">
    /// A folder for TensorBoard (<c>tensorboard --logdir</c>), made when it is not there: each opening begins a file of events in it, and a
    /// run that goes on from a checkpoint says so, so that no step stands twice. One folder a run. Null for none.
    /// </param>
    /// <exception cref="IOException">A file cannot be opened, or another writer has it.</exception>
    /// <exception cref="InvalidDataException">There is something else in it than lines of metrics; it is left as it is.</exception>
    public MetricsLog(string path, string? tensorBoard = null)
        : this(Take(path), path, tensorBoard) { }

    /// <summary>Writes to a stream that can seek, which becomes the log's own.</summary>
    internal MetricsLog(Stream file, string name)
        : this((file, null), name) { }

    private MetricsLog((Stream File, FileStream? Lock) held, string name, string? tensorBoard = null)
    {
        (_file, _lock, _name) = (held.File, held.Lock, name);
        try
        {
            _end = EndOfLastLine();
            RequireMetrics();
            CutBytes = _file.Length - _end;
            Cut();
            _events = tensorBoard is null ? null : new TensorBoardEvents(tensorBoard);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many bytes of a torn last line were cut when the file was opened; 0 for a whole file.</summary>
    public long CutBytes { get; }

    /// <summary>The bytes of the lines that count.</summary>
    internal long Length => _end;

    /// <summary>Writes one step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="metrics">Names and values; <see cref="MetricNames"/> lists the usual ones.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    /// <exception cref="ArgumentException">A name is blank, is "step", or stands twice.</exception>
    /// <exception cref="IOException">The line, or the event, could not be written;
    /// the file that the message names ends with the one before.</exception>
    public void Write(long step, IEnumerable<KeyValuePair<string, double>> metrics)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentNullException.ThrowIfNull(metrics);
        KeyValuePair<string, double>[] values = [.. metrics];
        var names = new HashSet<string>(StringComparer.Ordinal) { "step" };
        foreach ((string name, _) in values)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(name, nameof(metrics));
            if (!names.Add(name))
                throw new ArgumentException($"The metric \"{name}\" stands twice in step {step}.", nameof(metrics));
        }

        Append(Line(step, values));
        _events?.Write(step, values);
        foreach ((string name, double value) in values)
            Gauge(name).Record(value);
    }

    /// <summary>Ends the file and the gauges.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _lock?.Dispose();
        _events?.Dispose();
        _meter.Dispose();
        _line.Dispose();
    }

    /// <summary>Checks that all before a place is there. What it gives drops all behind, which a run that goes on from a checkpoint is
    /// going to write again: in the file only with the next line or checkpoint.</summary>
    internal Action CutTo(long length, Action beforeCut)
    {
        if (length < 0 || length > _file.Length)
            throw new InvalidDataException(
                $"{_name} is {_file.Length} bytes long, but {length} were written before the checkpoint: it "
                    + "is not the metrics file of that run. Put the file back, or start a run of its own."
            );
        return () =>
        {
            (_end, _beforeCut) = (length, beforeCut);
            _events?.GoBack();
        };
    }

    /// <summary>Brings the lines that count to the disk: a power failure after it loses none.</summary>
    /// <exception cref="IOException">They are not there.</exception>
    internal void FlushToDisk()
    {
        if (_lost is not null)
            throw new IOException($"{_lost.Message} Writing failed before; open the metrics file anew.", _lost);
        Cut();
        if (_file is not FileStream file)
            return;
        try
        {
            Disk.Flush(file);
        }
        catch (IOException e)
        {
            _lost = e;
            throw;
        }
    }

    private void Append(ReadOnlySpan<byte> line)
    {
        Cut();
        try
        {
            _file.Write(line);
            _end = _file.Position;
        }
        catch (Exception e) when (e is IOException || FileSizeLimit.IsReached(e))
        {
            Cut(); // a full disk takes a part of a line
            if (e is IOException)
                throw;
            throw FileSizeLimit.At(_name, e);
        }
    }

    private void Cut()
    {
        if (_file.Length > _end)
        {
            _beforeCut?.Invoke();
            _file.SetLength(_end);
        }

        _file.Position = _end;
    }

    private ReadOnlySpan<byte> Line(long step, KeyValuePair<string, double>[] values)
    {
        _line.SetLength(0);
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            foreach ((string name, double value) in values)
            {
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteString(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        _line.WriteByte((byte)'\n');
        return _line.GetBuffer().AsSpan(0, (int)_line.Length);
    }

    private Gauge<double> Gauge(string name)
    {
        if (!_gauges.TryGetValue(name, out Gauge<double>? gauge))
            _gauges[name] = gauge = _meter.CreateGauge<double>($"variationalbon.training.{name}", MetricNames.UnitOf(name));
        return gauge;
    }
}
