using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Transformers;

/// <summary>The tokenizer of a Hugging Face directory: the ids and texts of
/// transformers 4.57, or an error that names what is not supported.</summary>
/// <remarks>
/// Reads <c>tokenizer.json</c> where there is one, otherwise <c>vocab.json</c> with <c>merges.txt</c>, <c>vocab.txt</c> or
/// <c>tokenizer.model</c>; with <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>. What it does not know is refused by name
/// when the directory is loaded. <see cref="Chat.ChatTokenizer"/> joins it with a chat template. Immutable; thread-safe.
/// </remarks>
public sealed class HuggingFaceTokenizer : ITokenizer
{
    private readonly TokenizerEngine _engine;
    private readonly ImmutableDictionary<string, int> _named;
    private readonly bool _truncateLeft;

    private HuggingFaceTokenizer(TokenizerEngine engine, TokenizerSettings settings, bool truncateLeft, int vocabularySize)
    {
        (_engine, _truncateLeft, VocabularySize) = (engine, truncateLeft, vocabularySize);
        _named = settings
            .Named.Where(pair => engine.TryGetId(pair.Value.Content, out _))
            .ToImmutableDictionary(
                pair => pair.Key,
                pair => engine.TryGetId(pair.Value.Content, out int id) ? id : -1,
                StringComparer.Ordinal
            );
        SpecialTokens = settings.Named.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Content, StringComparer.Ordinal);
        SpecialIds =
        [
            .. settings.Special.Select(token => engine.TryGetId(token.Content, out int id) ? id : -1).Where(id => id >= 0).Order(),
        ];
    }

    /// <inheritdoc/>
    /// <remarks>Its type and a digest of the ids of a fixed text.</remarks>
    public ModelIdentity Identity => TokenizerFingerprint.Of(this);

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <summary>The id of the token that begins a text; null when the tokenizer names none.</summary>
    public int? BosId => Id("bos_token");

    /// <summary>The id of the token that ends a text; null when the tokenizer names none.</summary>
    public int? EosId => Id("eos_token");

    /// <summary>The id that fills up short rows; null when the tokenizer names none.</summary>
    public int? PadId => Id("pad_token");

    /// <summary>The id for what the vocabulary does not hold; null when the tokenizer names none.</summary>
    public int? UnkId => Id("unk_token");

    /// <summary>The id of a classifier's first token; null when the tokenizer names none.</summary>
    public int? ClsId => Id("cls_token");

    /// <summary>The id of the token between and after texts; null when the tokenizer names none.</summary>
    public int? SepId => Id("sep_token");

    /// <summary>The id of the token that hides a word; null when the tokenizer names none.</summary>
    public int? MaskId => Id("mask_token");

    /// <summary>The ids of all special tokens that the settings name, in rising order.</summary>
    public ImmutableArray<int> SpecialIds { get; }

    /// <summary>The special tokens that have a name, such as <c>bos_token</c>, as the settings write them;
    /// chat templates read them.</summary>
    public ImmutableDictionary<string, string> SpecialTokens { get; }

    /// <summary>The tokens beside the model's vocabulary, by id, with how they are found.</summary>
    internal IEnumerable<KeyValuePair<int, AddedToken>> AddedTokens => _engine.Added;

    /// <summary>The ids that <see cref="Encode(string)"/> puts before a text.</summary>
    internal ImmutableArray<int> Before => _engine.Frame.Before;

    /// <summary>The ids that <see cref="Encode(string)"/> puts after a text.</summary>
    internal ImmutableArray<int> After => _engine.Frame.After;

    /// <summary>Reads the tokenizer of a directory.</summary>
    /// <param name="directory">A directory as downloaded from Hugging Face or saved by <c>save_pretrained</c>.</param>
    /// <param name="vocabularySize">The number of logits of the model, at least 1; models often have some that no token uses.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or asks for what is not supported, or the vocabulary is larger than the
    /// model's; the message names file, place and setting.</exception>
    /// <exception cref="PlatformNotSupportedException">The tokenizer normalises Unicode
    /// and .NET runs in invariant globalization mode.</exception>
    public static HuggingFaceTokenizer Load(string directory, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Load(TokenizerFiles.In(directory), vocabularySize);
    }

    internal static HuggingFaceTokenizer Load(TokenizerFiles files, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        var json = files.Json("tokenizer.json");
        TokenizerJsonReader.RefuseUnigram(json);
        var settings = TokenizerSettings.Read(files);
        var engine = json is null ? TokenizerFilesReader.Read(files, settings) : TokenizerJsonReader.Read(json, settings);
        int largest = Math.Max(engine.LargestModelId, engine.Frame.Before.Concat(engine.Frame.After).DefaultIfEmpty(-1).Max());
        if (largest >= vocabularySize)
            throw new InvalidDataException(
                $"{files.Directory}: the tokenizer has the id {largest}, but the model has {vocabularySize} logits; the two do not belong "
                    + $"together."
            );
        return new HuggingFaceTokenizer(
            engine,
            settings,
            settings.TruncateLeft ?? TokenizerJsonReader.TruncatesLeft(json) ?? false,
            vocabularySize
        );
    }

    /// <summary>The ids of a prompt, with the special tokens that the model expects around a text, as Python's <c>tokenizer(text)</c>: BOS
    /// before it for Llama, [CLS] and [SEP] around it for BERT, none for GPT-2.</summary>
    /// <param name="text">The prompt; special tokens written in it are recognised, halves of surrogate pairs become U+FFFD.</param>
    /// <returns>The ids, each in 0 to <see cref="VocabularySize"/> - 1.</returns>
    /// <exception cref="InvalidOperationException">The text holds an added token for which the model has no logit, or the tokenizer's own
    /// pattern backtracks without end on it.</exception>
    public ImmutableArray<int> Encode(string text) => Encode(text, addSpecialTokens: true);

    /// <inheritdoc/>
    ImmutableArray<int> ITokenizer.Encode(string text, bool addSpecialTokens) => Encode(text, addSpecialTokens);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text; special tokens written in it are recognised either way,
    /// halves of surrogate pairs become U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether the special tokens that the model expects are put around it; false for a text that has them,
    /// such as the output of a chat template.</param>
    /// <param name="maxLength">The largest number of ids, special tokens included; the text loses its end, or its start where the settings
    /// say <c>truncation_side: left</c>. Null: no limit.</param>
    /// <returns>The ids, each in 0 to <see cref="VocabularySize"/> - 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit leaves no room for the special tokens.</exception>
    /// <exception cref="InvalidOperationException">The text holds an added token for which the model has no logit, or the tokenizer's own
    /// pattern backtracks without end on it.</exception>
    public ImmutableArray<int> Encode(string text, bool addSpecialTokens, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var frame = addSpecialTokens ? _engine.Frame : TokenFrame.None;
        int room = (maxLength ?? int.MaxValue) - frame.Before.Length - frame.After.Length;
        if (room < 0 || maxLength < 0)
            throw new ArgumentOutOfRangeException(
                nameof(maxLength),
                maxLength,
                $"The {frame.Before.Length + frame.After.Length} special tokens need room."
            );
        var ids = _engine.Encode(Utf8Text.WithoutLoneSurrogates(text));
        if (ids.Count > room)
            ids.RemoveRange(_truncateLeft ? 0 : room, ids.Count - room);
        RequireLogits(ids);
        return [.. frame.Before, .. ids, .. frame.After];
    }

    /// <summary>Cuts ids of a conversation that are too many at its beginning, so that what was answered last stays:
    /// so do BOS and the special tokens at the end.</summary>
    internal ImmutableArray<int> Cut(ImmutableArray<int> tokens, int most)
    {
        if (tokens.Length <= most)
            return tokens;
        int before = tokens.AsSpan().StartsWith(Before.AsSpan()) ? Math.Min(Before.Length, most) : 0;
        return [.. tokens[..before], .. tokens[^(most - before)..]];
    }

    /// <summary>The ids of a text, with nothing around it, in which some special tokens are text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="plain">Where a special token is text, even if it only touches one of these ranges.</param>
    /// <param name="held">Ids of tokens that are text there too,
    /// beside the special ones and those that the settings name; null for none.</param>
    /// <exception cref="InvalidOperationException">The tokenizer's own vocabulary makes a special token of text there.</exception>
    internal ImmutableArray<int> Encode(string text, IEnumerable<(int Start, int End)> plain, IEnumerable<int>? held = null)
    {
        var ids = _engine.Encode(Utf8Text.WithoutLoneSurrogates(text), new TextRanges(plain, SpecialIds.Concat(held ?? []).ToHashSet()));
        RequireLogits(ids);
        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> tokens) => Decode(tokens, skipSpecial: true);

    /// <summary>The text of token ids.</summary>
    /// <param name="tokens">The ids, each in 0 to <see cref="VocabularySize"/> - 1;
    /// those that name no token give no text, and bytes that are no UTF-8 become U+FFFD.</param>
    /// <param name="skipSpecial">Whether special tokens are left out.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id lies outside the vocabulary.</exception>
    public string Decode(IReadOnlyList<int> tokens, bool skipSpecial)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        foreach (int id in tokens)
        {
            if (id < 0 || id >= VocabularySize)
                throw new ArgumentOutOfRangeException(
                    nameof(tokens),
                    id,
                    $"Token ids must lie in the vocabulary, 0 to {VocabularySize - 1}."
                );
        }

        return _engine.Decode(tokens, skipSpecial);
    }

    /// <summary>Looks up the id of a token as the vocabulary writes it, such as <c>&lt;|im_end|&gt;</c> for a stop token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="id">Its id.</param>
    /// <returns>Whether there is such a token.</returns>
    public bool TryGetId(string token, out int id)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _engine.TryGetId(token, out id);
    }

    /// <summary>Whether an id is that of a special token: one that <see cref="Decode(IReadOnlyList{int})"/> leaves out.</summary>
    /// <param name="id">The id.</param>
    /// <returns>False for ids that name no token, too.</returns>
    public bool IsSpecial(int id) => _engine.IsSpecial(id);

    /// <summary>Looks up the token of an id, as the vocabulary writes it.</summary>
    /// <param name="id">The id.</param>
    /// <param name="token">Its token.</param>
    /// <returns>Whether the id names a token.</returns>
    public bool TryGetToken(int id, [NotNullWhen(true)] out string? token) => _engine.TryGetToken(id, out token);

    private void RequireLogits(List<int> ids)
    {
        foreach (int id in ids)
        {
            if (id >= VocabularySize)
                throw new InvalidOperationException(
                    $"The text holds the token \"{(_engine.TryGetToken(id, out string? token) ? token : "")}\" of id {id}, but the model "
                        + $"has {VocabularySize} logits; give the model a row for it or leave it out of the text."
                );
        }
    }

    private int? Id(string name) => _named.TryGetValue(name, out int id) ? id : null;
}
