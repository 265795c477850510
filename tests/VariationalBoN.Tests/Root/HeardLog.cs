using Microsoft.Extensions.Logging;

namespace VariationalBoN.Tests;

/// <summary>A line of a log, as a program would read it.</summary>
internal sealed record LogLine(LogLevel Level, EventId Event, string Text, Exception? Error, IReadOnlyDictionary<string, object?> Values);

/// <summary>Hands on every line of a log, as often and from the threads that it is told from.</summary>
internal sealed class HeardLog(Action<LogLine> told) : ILogger
{
    /// <summary>The texts of warnings alone.</summary>
    public static HeardLog Warnings(Action<string> told) => new(line =>
    {
        if (line.Level >= LogLevel.Warning)
            told(line.Text);
    });

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        told(new LogLine(logLevel, eventId, formatter(state, exception), exception,
            ((IEnumerable<KeyValuePair<string, object?>>)state!).ToDictionary(pair => pair.Key, pair => pair.Value)));
}
