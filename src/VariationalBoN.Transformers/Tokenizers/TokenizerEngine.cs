using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What turns a text into bare ids and back, whatever the files it was made of. Immutable; thread-safe.</summary>
internal abstract class TokenizerEngine
{
    /// <summary>The special tokens around a text.</summary>
    internal abstract TokenFrame Frame { get; }

    /// <summary>The largest id of the model's own vocabulary; added tokens may lie above it.</summary>
    internal abstract int LargestModelId { get; }

    /// <summary>The tokens beside the model's vocabulary, by rising id.</summary>
    internal abstract IEnumerable<KeyValuePair<int, AddedToken>> Added { get; }

    internal abstract bool TryGetId(string token, out int id);

    internal abstract bool TryGetToken(int id, [NotNullWhen(true)] out string? token);

    /// <summary>The ids of a text without a frame.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="plain">Where special tokens are text, even if one only touches it; null for nowhere.</param>
    internal abstract List<int> Encode(string text, TextRanges? plain = null);

    /// <summary>Whether an id is that of a special token.</summary>
    internal abstract bool IsSpecial(int id);

    /// <summary>The text of ids; those that name no token are passed over.</summary>
    internal abstract string Decode(IEnumerable<int> ids, bool skipSpecial);
}
