using Microsoft.Extensions.Logging;

namespace VariationalBoN.Testing.Checks;

/// <summary>A line of a log, as a program would read it.</summary>
internal sealed record LogLine(LogLevel Level, EventId Event, string Text, Exception? Error, IReadOnlyDictionary<string, object?> Values);
