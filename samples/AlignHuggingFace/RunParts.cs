using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace AlignHuggingFace;

/// <summary>What the parts of a run took, each noted as it ends: a line of JSON in a file, and a table in the end.</summary>
internal sealed class RunParts
{
    /// <summary>The file's name in the output folder.</summary>
    public const string FileName = "parts.jsonl";

    private const double Gibibyte = 1024.0 * 1024 * 1024;
    private readonly string _path;
    private readonly List<(string Name, double Seconds, double Processor, double PeakGibibytes)> _ended = [];
    private long _clock = Stopwatch.GetTimestamp();
    private double _processor; // the first part has what the process took before it

    /// <summary>Begins the first part. The lines of an earlier run of the folder are kept.</summary>
    /// <param name="path">Path of the file.</param>
    public RunParts(string path) => _path = path;

    /// <summary>Notes the part that is at its end, and begins the next.</summary>
    /// <param name="name">What was done.</param>
    /// <param name="more">Other numbers of it, for the file alone.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void End(string name, params ReadOnlySpan<(string Name, double Value)> more)
    {
        using var process = Process.GetCurrentProcess();
        double processor = process.TotalProcessorTime.TotalSeconds;
        var part = (
            Name: name,
            Seconds: Stopwatch.GetElapsedTime(_clock).TotalSeconds,
            Processor: processor - _processor,
            PeakGibibytes: process.PeakWorkingSet64 / Gibibyte
        );
        _ended.Add(part);
        var line = new JsonObject
        {
            ["part"] = name,
            ["seconds"] = part.Seconds,
            ["processor_seconds"] = part.Processor,
            ["peak_gibibytes"] = part.PeakGibibytes,
        };
        foreach ((string other, double value) in more)
            line[other] = value;
        File.AppendAllText(_path, $"{line.ToJsonString()}\n");
        (_clock, _processor) = (Stopwatch.GetTimestamp(), processor);
    }

    /// <summary>The parts with their seconds, seconds of all processors, and the most memory of the process until their end.</summary>
    public Table Table()
    {
        var table = new Table().AddColumns("part", "seconds", "of processors", "peak so far, GiB");
        foreach (var (name, seconds, processor, peak) in _ended)
            table.AddRow(name, Text(seconds, "0.0"), Text(processor, "0.0"), Text(peak, "0.00"));
        return table;

        static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
