namespace Serve.OpenAI;

/// <summary>A request that is refused, in words of our own.</summary>
/// <param name="status">The HTTP status, 4xx or 5xx.</param>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="code">A name for programs.</param>
/// <param name="parameter">The part of the request that is at fault; null for all of it.</param>
internal sealed class RequestException(int status, string message, string code, string? parameter = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? Parameter { get; } = parameter;

    /// <summary>400, for a value that cannot be meant.</summary>
    public static RequestException Invalid(string parameter, string message) => new(400, message, "invalid_value", parameter);
}
