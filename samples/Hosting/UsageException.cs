namespace SampleHosting;

/// <summary>An option has a value that only the work itself can find wrong, such as a folder that cannot be written.</summary>
/// <param name="message">Names option, value and reason.</param>
/// <param name="innerException">What the work met.</param>
public sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException);
