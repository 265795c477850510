namespace VariationalBoN;

/// <summary>Torch's native library cannot be loaded, or the device asked for is not there;
/// the message says what is missing and what to do.</summary>
/// <remarks>Nothing was computed and nothing was written: mend what the message names and call again.
/// Immutable, so safe to share between threads.</remarks>
public sealed class TorchRuntimeException : InvalidOperationException
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public TorchRuntimeException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is missing and what to do.</param>
    public TorchRuntimeException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the loader's own error.</summary>
    /// <param name="message">What is missing and what to do.</param>
    /// <param name="innerException">What the operating system's loader reported.</param>
    public TorchRuntimeException(string message, Exception? innerException)
        : base(message, innerException) { }
}
