using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What turns a text into bare ids and back, whatever the files it was made of. Immutable; thread-safe.</summary>
internal abstract class TokenizerEngine
{
    /// <summary>The special tokens around a text.</summary>
    internal abstract TokenFrame Frame { get; }

    /// <summary>The id for what the vocabulary does not hold; null where there is none.</summary>
    protected abstract int? Unknown { get; }

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

    /// <summary>Refuses a special token that the model's own vocabulary makes of text.</summary>
    /// <param name="ids">Ids of a text that touches ranges where special tokens are text.</param>
    /// <param name="from">The first of these ids that counts.</param>
    /// <param name="plain">The ranges.</param>
    /// <remarks>The unknown token is none, nor is one of a single character: settings that name such a token, as <c>pad_token: "!"</c>, do
    /// not make texts with that character wrong.</remarks>
    /// <exception cref="InvalidOperationException">There is one.</exception>
    protected void RequireText(List<int> ids, int from, TextRanges plain)
    {
        for (int i = from; i < ids.Count; i++)
        {
            if (
                ids[i] != Unknown
                && (IsSpecial(ids[i]) || plain.Holds(ids[i]))
                && !(TryGetToken(ids[i], out string? token) && token.Length == 1)
            )
            {
                throw new InvalidOperationException(
                    $"The text spells \"{token}\", of which the tokenizer's own vocabulary makes the special token {ids[i]}. "
                        + "Leave it out of the conversation, or let content spell special tokens: "
                        + "ChatTokenizerOptions.ContentSpellsSpecialTokens."
                );
            }
        }
    }

    /// <summary>The text of ids; those that name no token are passed over.</summary>
    internal abstract string Decode(IEnumerable<int> ids, bool skipSpecial);
}
