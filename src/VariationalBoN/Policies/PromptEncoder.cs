using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using VariationalBoN.Internal;

namespace VariationalBoN.Policies;

/// <summary>Prompts to tokens, refused where the model cannot go on after them. Thread-safe.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="options">How completions are drawn.</param>
/// <param name="contextLength">The most tokens that the model takes; null where that is not known.</param>
/// <param name="other">An encoder that warns as this one does: what was said once is not said again; null for none.</param>
internal sealed class PromptEncoder(ITokenizer tokenizer, GenerationOptions options, int? contextLength, PromptEncoder? other = null)
{
    private const string TextRemedy = "they are written in the text, as by a chat template, and the tokenizer puts them around it again. "
        + $"Set {nameof(GenerationOptions)}.{nameof(GenerationOptions.PromptsHaveSpecialTokens)}, or leave them out of the text.";

    private readonly StrongBox<int> _warned = other?._warned ?? new StrongBox<int>();

    /// <summary>The tokens of prompts, and what decodes completions of them.</summary>
    /// <exception cref="ArgumentException">A prompt is null, or has no tokens, tokens outside the vocabulary, or no room for a completion.</exception>
    public EncodedPrompt[] Encode(IReadOnlyList<Prompt> prompts)
    {
        var encoded = new EncodedPrompt[prompts.Count];
        int doubled = 0;
        string? first = null, remedy = null;
        for (int p = 0; p < encoded.Length; p++)
        {
            Prompt prompt = prompts[p] ?? throw new ArgumentException($"Prompt {p} is null.", nameof(prompts));
            ImmutableArray<int> tokens = tokenizer.Encode(prompt, !options.PromptsHaveSpecialTokens);
            RequireIds(tokens.IsDefault ? [] : tokens, tokenizer.VocabularySize, "Prompt", p, nameof(prompts));
            if (Fault(tokens) is string fault)
                throw new ArgumentException($"Prompt {p}, {Shown.Quoted(prompt.Canonical)}, has {fault}", nameof(prompts));
            if (DoubledToken(prompt, tokens) is int token && doubled++ == 0)
            {
                first = $"Prompt {p}, {Shown.Quoted(prompt.Canonical)}, has its special tokens twice (token {token})";
                remedy = prompt.IsConversation ? "the chat template writes them twice. Correct the template." : TextRemedy;
            }

            encoded[p] = new EncodedPrompt(prompt, tokens, tokenizer.DecoderAfter(tokens));
        }

        if (first is not null && Interlocked.Exchange(ref _warned.Value, 1) == 0)
            options.Logger?.SpecialTokensTwice($"{first}{(doubled > 1 ? $", and so have {doubled - 1} more of {prompts.Count}" : "")}: {remedy}");
        return encoded;
    }

    /// <summary>Refuses ids of another tokenizer.</summary>
    /// <exception cref="ArgumentException">An id lies outside the vocabulary.</exception>
    public static void RequireIds(ImmutableArray<int> ids, int vocabularySize, string what, int index, string parameter)
    {
        foreach (int id in ids)
        {
            if (id < 0 || id >= vocabularySize)
                throw new ArgumentException($"{what} {index} holds token {id}, outside the vocabulary of 0 to {vocabularySize - 1}: it belongs to another tokenizer.", parameter);
        }
    }

    /// <summary>Why the model cannot go on after a prompt; null when it can.</summary>
    private string? Fault(ImmutableArray<int> tokens) => tokens.IsDefaultOrEmpty ? "no tokens; a causal model needs at least one, such as a beginning-of-text token."
        : contextLength is int most && tokens.Length > most - options.MaxNewTokens
            ? $"{tokens.Length} tokens; with {options.MaxNewTokens} new tokens in a context of {most} it may have at most {Math.Max(0, most - options.MaxNewTokens)}. Shorten it, lower MaxNewTokens, or raise ContextLength or the model's own (such as max_position_embeddings)."
            : null;

    /// <summary>
    /// The special token that the tokenizer puts before or after a text which has it there already, or that a chat template writes twice at
    /// the beginning; null when there is none.
    /// </summary>
    private int? DoubledToken(Prompt prompt, ImmutableArray<int> tokens)
    {
        if (prompt.IsConversation)
            return tokens.Length > 1 && tokens[0] == tokens[1] && BeginsTexts(tokens[0]) ? tokens[0] : null;
        return options.PromptsHaveSpecialTokens ? null : DoubledToken(prompt.Text, tokens);
    }

    /// <summary>Whether the tokenizer puts a token before a text.</summary>
    private bool BeginsTexts(int token)
    {
        ImmutableArray<int> framed = tokenizer.Encode("a"), bare = tokenizer.Encode("a", addSpecialTokens: false);
        return framed.Length > bare.Length && framed[0] == token;
    }

    private int? DoubledToken(string text, ImmutableArray<int> tokens)
    {
        if (tokens.Length < 2 || tokens[0] != tokens[1] && tokens[^1] != tokens[^2])
            return null;
        ImmutableArray<int> bare = tokenizer.Encode(text, addSpecialTokens: false);
        if (bare.IsDefaultOrEmpty || bare.Length >= tokens.Length)
            return null;
        return bare[0] == tokens[0] && tokens.AsSpan()[1..].StartsWith(bare.AsSpan()) ? tokens[0]
            : bare[^1] == tokens[^1] && tokens.AsSpan()[..^1].EndsWith(bare.AsSpan()) ? tokens[^1]
            : null;
    }
}
