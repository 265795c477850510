namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>A <see cref="CompletionService"/> has reached its maximum of waiting requests: try again later (HTTP 429 or 503).</summary>
public sealed class ServiceBusyException : InvalidOperationException
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public ServiceBusyException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">How many wait, and what to do.</param>
    public ServiceBusyException(string message)
        : base(message) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">How many wait, and what to do.</param>
    /// <param name="innerException">The error beneath.</param>
    public ServiceBusyException(string message, Exception? innerException)
        : base(message, innerException) { }
}
