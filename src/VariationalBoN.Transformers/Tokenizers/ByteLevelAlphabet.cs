using System.Buffers;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>GPT-2's alphabet: each byte as a printable character, so that a vocabulary of texts covers every text.</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_characters = Characters();
    private static readonly short[] s_bytes = Bytes();

    /// <summary>The bytes of a text, a character each.</summary>
    internal static string Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return string.Create(bytes.Length, bytes, static (target, source) => Spell(source, target));
    }

    /// <summary>Hands on the bytes of a piece, a character each.</summary>
    internal static void Encode(Piece piece, PieceSink next)
    {
        int length = Encoding.UTF8.GetByteCount(piece.Text);
        byte[]? rentedBytes = length > 256 ? ArrayPool<byte>.Shared.Rent(length) : null;
        char[]? rented = length > 256 ? ArrayPool<char>.Shared.Rent(length) : null;
        Span<byte> bytes = rentedBytes is null ? stackalloc byte[length] : rentedBytes.AsSpan(0, length);
        Span<char> characters = rented is null ? stackalloc char[length] : rented.AsSpan(0, length);
        Encoding.UTF8.GetBytes(piece.Text, bytes);
        Spell(bytes, characters);
        if (rentedBytes is not null)
            ArrayPool<byte>.Shared.Return(rentedBytes);
        next(new Piece(characters, piece.First));
        if (rented is not null)
            ArrayPool<char>.Shared.Return(rented);
    }

    /// <summary>The text of tokens; bytes that are no UTF-8 become U+FFFD,
    /// and a token with a character outside the alphabet stands for itself.</summary>
    internal static string Decode(IReadOnlyList<string> tokens)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, 4 * tokens.Count));
        foreach (string token in tokens)
        {
            if (!IsSpelt(token))
            {
                Encoding.UTF8.GetBytes(token, bytes);
                continue;
            }

            var target = bytes.GetSpan(token.Length);
            for (int i = 0; i < token.Length; i++)
                target[i] = (byte)s_bytes[token[i]];
            bytes.Advance(token.Length);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static bool IsSpelt(string token)
    {
        foreach (char c in token)
        {
            if (c >= s_bytes.Length || s_bytes[c] < 0)
                return false;
        }

        return true;
    }

    private static void Spell(ReadOnlySpan<byte> bytes, Span<char> target)
    {
        for (int i = 0; i < bytes.Length; i++)
            target[i] = s_characters[bytes[i]];
    }

    private static char[] Characters()
    {
        var characters = new char[256];
        int hidden = 256;
        for (int b = 0; b < 256; b++)
            characters[b] = b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? (char)b : (char)hidden++;
        return characters;
    }

    private static short[] Bytes()
    {
        short[] bytes = new short[s_characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < 256; b++)
            bytes[s_characters[b]] = (short)b;
        return bytes;
    }
}
