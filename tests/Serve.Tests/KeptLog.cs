using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Serve.Tests;

/// <summary>Keeps what a server logs at Error and above. Thread-safe.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(string Text, Exception? Error)> _errors = new();

    public IReadOnlyCollection<(string Text, Exception? Error)> Errors => _errors;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
            _errors.Enqueue((formatter(state, exception), exception));
    }

    public void Dispose() { }
}
