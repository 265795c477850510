using System.Buffers;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What .NET text may hold and UTF-8 may not, and the other way round.</summary>
internal static class Utf8Text
{
    /// <summary>The text with each half of a surrogate pair that stands alone as U+FFFD, as every UTF-8 encoder writes it.</summary>
    internal static string WithoutLoneSurrogates(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!Rune.TryGetRuneAt(text, i, out _))
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            i++;
        }

        return text;
    }

    /// <summary>The place of the first byte that is not UTF-8; the length when all are.</summary>
    internal static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out int length) == OperationStatus.Done)
            at += length;
        return at;
    }
}
