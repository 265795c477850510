namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// A request that cannot be drawn: its messages, settings or prompt are wrong (HTTP 400).
/// The message names every fault that was found and may be shown to the caller.
/// </summary>
public sealed class CompletionRequestException : ArgumentException
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public CompletionRequestException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong.</param>
    public CompletionRequestException(string message)
        : base(message) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The error beneath.</param>
    public CompletionRequestException(string message, Exception? innerException)
        : base(message, innerException) { }
}
