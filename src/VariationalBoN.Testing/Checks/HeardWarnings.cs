using Microsoft.Extensions.Logging;

namespace VariationalBoN.Testing.Checks;

/// <summary>Keeps what is warned of. Thread-safe.</summary>
internal sealed class HeardWarnings : ILogger
{
    private readonly List<string> _texts = [];

    /// <summary>The warnings so far.</summary>
    public IReadOnlyList<string> Texts
    {
        get
        {
            lock (_texts)
                return [.. _texts];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state,
        Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_texts)
            _texts.Add(formatter(state, exception));
    }
}
