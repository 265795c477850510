using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
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
    private const string TextRemedy =
        "they are written in the text, as by a chat template, and the tokenizer puts them around it again. "
        + $"Set {nameof(GenerationOptions)}.{nameof(GenerationOptions.PromptsHaveSpecialTokens)}, or leave them out of the text.";

    private readonly StrongBox<int> _warned = other?._warned ?? new StrongBox<int>();

    private readonly Lazy<int?> _partOfCharacter = other?._partOfCharacter ?? new Lazy<int?>(() => PartOfCharacter(tokenizer));

    /// <summary>The tokens of prompts, and what decodes completions of them.</summary>
    /// <exception cref="ArgumentException">A prompt is null, or has no tokens,
    /// tokens outside the vocabulary, or no room for a completion.</exception>
    public EncodedPrompt[] Encode(IReadOnlyList<Prompt> prompts)
    {
        var encoded = new EncodedPrompt[prompts.Count];
        var doubled = new List<(int Prompt, int Token)>();
        for (int p = 0; p < encoded.Length; p++)
        {
            Prompt prompt = prompts[p] ?? throw new ArgumentException($"Prompt {p} is null.", nameof(prompts));
            ImmutableArray<int> tokens = tokenizer.Encode(prompt, !options.PromptsHaveSpecialTokens);
            RequireIds(tokens.IsDefault ? [] : tokens, tokenizer.VocabularySize, "Prompt", p, nameof(prompts));
            if (Fault(tokens) is string fault)
                throw new ArgumentException($"Prompt {p}, {Shown.Quoted(prompt.Canonical)}, has {fault}", nameof(prompts));
            if (DoubledToken(prompt, tokens) is int token)
                doubled.Add((p, token));
            encoded[p] = Encoded(prompt, tokens);
        }

        if (doubled.Count > 0)
        {
            (int first, int token) = doubled[0];
            Warn(
                $"Prompt {first}, {Shown.Quoted(prompts[first].Canonical)},",
                token,
                prompts[first].IsConversation,
                doubled.Count > 1 ? $", and so have {doubled.Count - 1} more of {prompts.Count}" : ""
            );
        }

        return encoded;
    }

    /// <summary>The tokens of one prompt, or why there are none: the tokenizer refuses it by an
    /// <see cref="ArgumentException"/> or <see cref="FormatException"/>, or no completion has room behind it.</summary>
    /// <exception cref="ArgumentException">A token lies outside the vocabulary, which is no fault of the prompt.</exception>
    public bool TryEncode(Prompt prompt, [NotNullWhen(true)] out EncodedPrompt? encoded, [NotNullWhen(false)] out string? reason)
    {
        (encoded, reason) = (null, null);
        ImmutableArray<int> tokens;
        try
        {
            tokens = tokenizer.Encode(prompt, !options.PromptsHaveSpecialTokens);
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException
                || (e is InvalidOperationException && prompt.IsConversation && !tokenizer.ReadsConversations)
            )
        {
            reason = $"The tokenizer refuses the prompt {Shown.Quoted(prompt.Canonical)}: {e.Message}";
            return false;
        }

        RequireIds(tokens.IsDefault ? [] : tokens, tokenizer.VocabularySize, "Prompt", 0, nameof(prompt));
        if (Fault(tokens) is string fault)
        {
            reason = $"The prompt {Shown.Quoted(prompt.Canonical)} has {fault}";
            return false;
        }

        if (DoubledToken(prompt, tokens) is int token)
            Warn($"The prompt {Shown.Quoted(prompt.Canonical)}", token, prompt.IsConversation, "");
        encoded = Encoded(prompt, tokens);
        return true;
    }

    /// <summary>Refuses ids of another tokenizer.</summary>
    /// <exception cref="ArgumentException">An id lies outside the vocabulary.</exception>
    public static void RequireIds(ImmutableArray<int> ids, int vocabularySize, string what, int index, string parameter)
    {
        foreach (int id in ids)
        {
            if (id < 0 || id >= vocabularySize)
                throw new ArgumentException(
                    $"{what} {index} holds token {id}, outside the vocabulary of 0 to {vocabularySize - 1}: it belongs to another "
                        + $"tokenizer.",
                    parameter
                );
        }
    }

    private EncodedPrompt Encoded(Prompt prompt, ImmutableArray<int> tokens) =>
        new(prompt, tokens, contextLength - tokens.Length, tokenizer, _partOfCharacter);

    private void Warn(string which, int token, bool isConversation, string others)
    {
        if (Interlocked.Exchange(ref _warned.Value, 1) == 0)
        {
            string remedy = isConversation ? "the chat template writes them twice. Correct the template." : TextRemedy;
            options.Logger?.SpecialTokensTwice($"{which} has its special tokens twice (token {token}){others}: {remedy}");
        }
    }

    /// <summary>The first token that is no character alone.</summary>
    private static int? PartOfCharacter(ITokenizer tokenizer)
    {
        for (int token = 0; token < tokenizer.VocabularySize; token++)
        {
            if (IsPart(token))
                return token;
        }

        return null;

        bool IsPart(int token)
        {
            try
            {
                return tokenizer.Decode([token]) == "\uFFFD";
            }
            catch (Exception)
            {
                return false; // an id that has no text alone; where it is drawn, decoding says so
            }
        }
    }

    /// <summary>Why the model cannot go on after a prompt; null when it can.</summary>
    private string? Fault(ImmutableArray<int> tokens) =>
        tokens.IsDefaultOrEmpty ? "no tokens; a causal model needs at least one, such as a beginning-of-text token."
        : contextLength is int most && tokens.Length > most - options.MaxNewTokens
            ? $"{tokens.Length} tokens; with {options.MaxNewTokens} new tokens in a context of {most} it may have at most "
                + $"{Math.Max(0, most - options.MaxNewTokens)}. Shorten it, lower MaxNewTokens, or raise ContextLength or the model's own "
                + $"(such as max_position_embeddings)."
        : null;

    /// <summary>
    /// The special token that the tokenizer puts before or after a text which has it there already,
    /// or that a chat template writes twice at the beginning; null when there is none.
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
        ImmutableArray<int> framed = tokenizer.Encode("a"),
            bare = tokenizer.Encode("a", addSpecialTokens: false);
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
