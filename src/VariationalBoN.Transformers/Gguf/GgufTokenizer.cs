using System.Collections.Immutable;
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
    /// <exception cref="NotSupportedException">llama.cpp does not cut texts as this tokenizer does; the message names the setting.</exception>
    internal static void Add(GgufFile file, TokenizerFiles files, HuggingFaceTokenizer tokenizer, ImmutableArray<int> stops, string? chatTemplate)
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
        AddId("eos", tokenizer.EosId ?? (stops.IsEmpty ? null : stops[0]));
        AddId("unknown", tokenizer.UnkId);
        AddId("padding", tokenizer.PadId);
        AddId("eot", stops.Where(stop => stop != tokenizer.EosId).Select(stop => (int?)stop).FirstOrDefault());
        file.Add(Prefix + "add_bos_token", tokenizer.BosId is int begin && tokenizer.Before.Contains(begin));
        file.Add(Prefix + "add_eos_token", false);
        if (vocabulary.PrefixSpace is bool prefix)
            file.Add(Prefix + "add_space_prefix", prefix);
        if (chatTemplate is not null)
            file.Add("tokenizer.chat_template", chatTemplate);

        void AddId(string name, int? id)
        {
            if (id is int token && token < tokenizer.VocabularySize)
                file.Add($"{Prefix}{name}_token_id", token);
        }
    }
}
