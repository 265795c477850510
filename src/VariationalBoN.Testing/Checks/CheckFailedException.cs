namespace VariationalBoN.Testing.Checks;

/// <summary>A self-check failed; the message is the whole report.</summary>
public sealed class CheckFailedException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public CheckFailedException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed.</param>
    public CheckFailedException(string message)
        : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">What failed.</param>
    /// <param name="innerException">The cause.</param>
    public CheckFailedException(string message, Exception? innerException)
        : base(message, innerException) { }

    internal CheckFailedException(CheckReport report)
        : base(report.ToString()) => Report = report;

    /// <summary>The report, when a report threw this.</summary>
    public CheckReport? Report { get; }
}
