namespace VariationalBoN.Internal;

/// <summary>Finds text that no encoding can keep. Stateless, thread-safe.</summary>
internal static class Surrogates
{
    /// <summary>The index of the first half of a surrogate pair that has no other half; -1 when there is none.</summary>
    public static int FirstHalf(ReadOnlySpan<char> text)
    {
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return i;
            i++;
        }

        return -1;
    }
}
