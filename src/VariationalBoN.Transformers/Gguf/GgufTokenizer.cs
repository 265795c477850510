using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>The tokenizer of a model under the keys of llama.cpp. Stateless; thread-safe.</summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>The numbers of the kinds of tokens.</summary>
    internal enum Kind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>Adds a model without a tokenizer: tokens are numbers.</summary>
    internal static void AddNone(GgufFile file) => file.Add(Prefix + "model", "no_vocab");

    /// <summary>Adds tokens, merges or scores, special tokens and the chat template.</summary>
    /// <returns>What the user should know of texts that llama.cpp cuts otherwise; null for nothing.</returns>
    /// <exception cref="NotSupportedException">llama.cpp does not cut texts as this tokenizer does;
    /// the message names the setting.</exception>
    /// <exception cref="InvalidDataException"><c>tokenizer.model</c> beside
    /// <c>tokenizer.json</c> is damaged or holds other tokens.</exception>
    internal static string? Add(
        GgufFile file,
        TokenizerFiles files,
        HuggingFaceTokenizer tokenizer,
        ImmutableArray<int> stops,
        string? chatTemplate
    )
    {
        var vocabulary = GgufVocabulary.Read(files, tokenizer.VocabularySize);
        foreach ((int id, AddedToken token) in tokenizer.AddedTokens.Where(pair => pair.Key < tokenizer.VocabularySize))
        {
            vocabulary.Tokens[id] = token.Content;
            if (vocabulary.Kinds[id] is not (Kind.Unknown or Kind.Byte))
                vocabulary.Kinds[id] = token.Special ? Kind.Control : Kind.UserDefined;
        }

        file.Add(Prefix + "model", vocabulary.Model);
        file.Add(Prefix + "pre", vocabulary.Cutting);
        file.Add(Prefix + "tokens", [.. vocabulary.Tokens.Select((token, id) => token ?? $"[PAD{id}]")]);
        file.Add(Prefix + "token_type", [.. vocabulary.Kinds.Select(kind => (int)kind)]);
        if (vocabulary.Scores is not null)
            file.Add(Prefix + "scores", vocabulary.Scores);
        if (vocabulary.Merges is not null)
            file.Add(Prefix + "merges", vocabulary.Merges);
        AddId("bos", tokenizer.BosId);
        int? end = tokenizer.EosId ?? (stops.IsEmpty ? null : stops[0]);
        AddId("eos", end);
        AddId("unknown", tokenizer.UnkId);
        AddId("padding", tokenizer.PadId);
        AddId("eot", stops.Where(stop => stop != tokenizer.EosId).Select(stop => (int?)stop).FirstOrDefault());
        file.Add(Prefix + "add_bos_token", IsPut(tokenizer.Before, tokenizer.BosId, "before", "bos_token"));
        file.Add(Prefix + "add_eos_token", IsPut(tokenizer.After, end, "after", "eos_token"));
        if (vocabulary.PrefixSpace is bool prefix)
            file.Add(Prefix + "add_space_prefix", prefix);
        if (chatTemplate is not null)
            file.Add("tokenizer.chat_template", chatTemplate);
        return vocabulary.Warning;

        void AddId(string name, int? id)
        {
            if (id is int token && token < tokenizer.VocabularySize)
                file.Add($"{Prefix}{name}_token_id", token);
        }
    }

    /// <summary>Whether the one token that llama.cpp can put there is put around a text.</summary>
    private static bool IsPut(ImmutableArray<int> around, int? token, string where, string name) =>
        around.IsEmpty ? false
        : around is [var only] && only == token ? true
        : throw new NotSupportedException(
            $"The tokenizer puts the tokens {string.Join(", ", around)} {where} every text; llama.cpp can put {name} "
                + $"alone there, which is {token?.ToString(CultureInfo.InvariantCulture) ?? "none"}."
        );
}
