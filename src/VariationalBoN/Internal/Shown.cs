namespace VariationalBoN.Internal;

/// <summary>Text of others in messages: quoted, and cut where it is long. Stateless, thread-safe.</summary>
internal static class Shown
{
    private const int Characters = 60;

    /// <summary>The text in quotation marks, at most 60 characters of it; never cut inside a character.</summary>
    public static string Text(string text)
    {
        if (text.Length <= Characters)
            return $"\"{text}\"";
        int end = char.IsHighSurrogate(text[Characters - 1]) ? Characters - 1 : Characters;
        return $"\"{text.AsSpan(0, end)}...\"";
    }
}
