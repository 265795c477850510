namespace VariationalBoN.Rewards;

/// <summary>A remote service, reward model or sampler, gave no usable answer.
/// The message names its address, what it said and what to do.</summary>
public sealed class RemoteServiceException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public RemoteServiceException() { }

    /// <summary>Creates the exception for a service that is away.</summary>
    /// <param name="message">Address, what happened, remedy.</param>
    public RemoteServiceException(string message)
        : base(message) { }

    /// <summary>Creates the exception for a service that is away.</summary>
    /// <param name="message">Address, what happened, remedy.</param>
    /// <param name="innerException">The error beneath.</param>
    public RemoteServiceException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="failure">Why there is no answer.</param>
    /// <param name="message">Address, what happened, remedy.</param>
    /// <param name="innerException">The error beneath; null when there is none.</param>
    /// <param name="retryAfter">How long the service asks to be left alone; null when it did not say.</param>
    public RemoteServiceException(RemoteFailure failure, string message, Exception? innerException = null, TimeSpan? retryAfter = null)
        : base(message, innerException) => (Failure, RetryAfter) = (failure, retryAfter);

    /// <summary>Why there is no answer.</summary>
    public RemoteFailure Failure { get; }

    /// <summary>How long the service asks to be left alone (HTTP Retry-After); null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; }
}
