using Microsoft.Extensions.Logging;

namespace VariationalBoN.Testing.Checks;

/// <summary>Hands on every line of a log, as often and from the threads that it is told from. Thread-safe where the function is.</summary>
internal sealed class HeardLog(Action<LogLine> told) : ILogger
{
    /// <summary>The texts of warnings alone.</summary>
    public static HeardLog Warnings(Action<string> told) =>
        new(line =>
        {
            if (line.Level >= LogLevel.Warning)
                told(line.Text);
        });

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) =>
        told(
            new LogLine(
                logLevel,
                eventId,
                formatter(state, exception),
                exception,
                ((IEnumerable<KeyValuePair<string, object?>>)state!).ToDictionary(pair => pair.Key, pair => pair.Value)
            )
        );
}
