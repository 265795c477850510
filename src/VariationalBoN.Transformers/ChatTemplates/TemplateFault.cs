namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The kinds of faults inside the engine.</summary>
internal enum FaultKind
{
    Syntax,
    Raised,
    Undefined,
    Type,
    Value,
    Security,
    Bound,
    Unsupported,
}

/// <summary>
/// A fault inside the engine; it reaches the caller as a <see cref="ChatTemplateException"/> that adds template and line.
/// </summary>
internal sealed class TemplateFault(FaultKind kind, string message) : Exception(message)
{
    public FaultKind Kind { get; } = kind;

    /// <summary>Line where this is known better than by the interpreter; else 0.</summary>
    public int Line { get; init; }

    public static TemplateFault Type(string message) => new(FaultKind.Type, message);

    public static TemplateFault Value(string message) => new(FaultKind.Value, message);

    public static TemplateFault Unsupported(string message) => new(FaultKind.Unsupported, message);
}
