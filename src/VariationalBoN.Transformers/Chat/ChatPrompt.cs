using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Chat;

/// <summary>What a model will read of a prompt: its text, its token ids and which of them are special. Immutable; thread-safe.</summary>
public sealed class ChatPrompt
{
    private readonly HuggingFaceTokenizer _tokenizer;

    internal ChatPrompt(string text, ImmutableArray<int> tokens, HuggingFaceTokenizer tokenizer)
    {
        (Text, Tokens, _tokenizer) = (text, tokens, tokenizer);
        IsSpecial = [.. tokens.Select(tokenizer.IsSpecial)];
    }

    /// <summary>The text that the template wrote; for a prompt that is a text, that text.</summary>
    public string Text { get; }

    /// <summary>The token ids, special tokens included.</summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>For each id whether it is a special token.</summary>
    public ImmutableArray<bool> IsSpecial { get; }

    /// <summary>The ids as a table of text: position, id, token as the vocabulary writes it, and a star for a special token.</summary>
    /// <returns>A line to each id.</returns>
    public override string ToString()
    {
        var lines = new StringBuilder();
        for (int i = 0; i < Tokens.Length; i++)
        {
            _ = _tokenizer.TryGetToken(Tokens[i], out string? token);
            lines.Append(CultureInfo.InvariantCulture, $"{i, 5} {Tokens[i], 7} {(IsSpecial[i] ? '*' : ' ')} {token}\n");
        }

        return lines.ToString();
    }
}
