using Microsoft.Extensions.Logging;

namespace SampleHosting;

/// <summary>
/// The log of a sample: a warning is one line on standard error, the rest is passed over.
/// An application has a logger of its host. Stateless.
/// </summary>
public sealed class ConsoleLog : ILogger
{
    /// <summary>The logger that samples give to the library.</summary>
    public static readonly ConsoleLog Warnings = new();

    private ConsoleLog() { }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
            Console.Error.WriteLine($"! {formatter(state, exception).ReplaceLineEndings(" ")}");
    }
}
