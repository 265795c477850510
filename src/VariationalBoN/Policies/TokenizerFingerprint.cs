using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace VariationalBoN.Policies;

/// <summary>Identifies a tokenizer by the ids that it gives to fixed texts. Stateless, thread-safe.</summary>
public static class TokenizerFingerprint
{
    // Words, names, numbers, code, spaces, and scripts that byte-level, word-piece and unigram tokenizers split differently.
    private const string Probe =
        "The quick brown fox jumps over the lazy dog. Antidisestablishmentarianism, isn't it? Anna Karenina 1877; 3.14159 + 2,718 = x_1\n"
        + "\tif (a[i] != null) { return f(x)->y; }  three   spaces\r\n\u00FCber \u00C9cole na\u00EFve \u65E5\u672C\u8A9E "
        + "\u0420\u0443\u0441\u0441\u043A\u0438\u0439 \u0639\u0631\u0628\u064A \uD83D\uDE42 \u2014 end";

    /// <summary>The type of the tokenizer, its vocabulary size and the first 16 hexadecimal
    /// digits of the SHA-256 of the ids of a text of many scripts.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <returns>An identity that changes when the tokenizer splits this text otherwise.</returns>
    public static ModelIdentity Of(ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        string digest = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(tokenizer.Encode(Probe).AsSpan())))[..16];
        return new ModelIdentity(tokenizer.GetType().Name, ("vocabulary", tokenizer.VocabularySize), ("ids of a text, sha256", digest));
    }
}
