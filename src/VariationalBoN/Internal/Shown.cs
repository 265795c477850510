namespace VariationalBoN.Internal;

/// <summary>How messages show what was given: texts shortened, shapes in brackets. Stateless, thread-safe.</summary>
internal static class Shown
{
    /// <summary>Characters of a text that a message shows.</summary>
    internal const int MaxCharacters = 60;

    /// <summary>The longest name of a tensor or a file that a message shows whole.</summary>
    private const int MaxNameCharacters = 200;

    private const int MaxReasonCharacters = 600;

    /// <summary>The beginning of a text, followed by "..." where there is more; a character of two code units is not cut in half.</summary>
    internal static string Text(string text, int maxCharacters = MaxCharacters)
    {
        if (text.Length <= maxCharacters)
            return text;
        int shown = char.IsHighSurrogate(text[maxCharacters - 1]) ? maxCharacters - 1 : maxCharacters;
        return string.Concat(text.AsSpan(0, shown), "...");
    }

    /// <summary>The beginning of a text in quotation marks.</summary>
    internal static string Quoted(string text) => $"\"{Text(text)}\"";

    /// <summary>A name from a file: whole unless it is absurdly long.</summary>
    internal static string Name(string name) => Text(name, MaxNameCharacters);

    /// <summary>What another error says: all of it unless it is absurdly long, as one that quotes a file is.</summary>
    internal static string Reason(string message) => Text(message, MaxReasonCharacters);

    /// <summary>The first so many of a list, and how many more there are.</summary>
    internal static string List(IEnumerable<string> items, string separator = ", ", int most = 100)
    {
        string[] all = [.. items];
        string shown = string.Join(separator, all.Take(most));
        return all.Length > most ? $"{shown}{separator}and {all.Length - most} more" : shown;
    }

    /// <summary>A shape, as [2, 3].</summary>
    internal static string Shape(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
