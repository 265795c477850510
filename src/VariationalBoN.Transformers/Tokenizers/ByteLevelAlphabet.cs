using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>GPT-2's alphabet: each byte as a printable character, so that a vocabulary of texts covers every text.</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_characters = Characters();
    private static readonly Dictionary<char, byte> s_bytes = s_characters.Select((c, i) => (c, i)).ToDictionary(pair => pair.c, pair => (byte)pair.i);

    /// <summary>The bytes of a text, a character each.</summary>
    internal static string Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return string.Create(bytes.Length, bytes, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++)
                target[i] = s_characters[source[i]];
        });
    }

    /// <summary>The text of tokens; bytes that are no UTF-8 become U+FFFD, and a token with a character outside the alphabet stands for itself.</summary>
    internal static string Decode(IEnumerable<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            if (token.All(s_bytes.ContainsKey))
                bytes.AddRange(token.Select(c => s_bytes[c]));
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static char[] Characters()
    {
        var characters = new char[256];
        int hidden = 256;
        for (int b = 0; b < 256; b++)
            characters[b] = b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? (char)b : (char)hidden++;
        return characters;
    }
}
