using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What <c>tokenizer_config.json</c> says, with <c>special_tokens_map.json</c>
/// and <c>added_tokens.json</c> where transformers reads them.</summary>
internal sealed record TokenizerSettings
{
    private static readonly string[] s_names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    internal static TokenizerSettings None { get; } = new() { Class = new TokenizerClass("PreTrainedTokenizer", []) };

    internal required TokenizerClass Class { get; init; }

    /// <summary>The file of the settings, for messages.</summary>
    internal string Place { get; init; } = "tokenizer_config.json";

    /// <summary>The special tokens that have a name, in transformers' order.</summary>
    internal ImmutableSortedDictionary<string, AddedToken> Named { get; private set; } =
        ImmutableSortedDictionary<string, AddedToken>.Empty;

    /// <summary>Special tokens without a name.</summary>
    internal ImmutableArray<AddedToken> Additional { get; private set; } = [];

    /// <summary>Tokens beside the vocabulary, by id.</summary>
    internal ImmutableSortedDictionary<int, AddedToken> Added { get; private set; } = ImmutableSortedDictionary<int, AddedToken>.Empty;

    /// <summary>Whether <c>mask_token</c> is the class's own, which then counts before what the files say of this token.</summary>
    internal bool MaskIsOfClass { get; private set; }

    internal bool? AddPrefixSpace { get; init; }

    /// <summary>What the class makes of <c>add_prefix_space</c> of a ByteLevel at
    /// the top of <c>tokenizer.json</c>; null leaves it.</summary>
    internal bool? PrefixSpaceOfJson => AddPrefixSpace ?? (Class.Name == "TokenizersBackend" ? null : false);

    internal bool AddBos { get; init; }

    internal bool AddEos { get; init; }

    /// <summary>Whether BOS and EOS are those of the settings, whatever the post-processor of the file:
    /// by class, or in transformers 5 where the settings mention them.</summary>
    internal bool RewritesFrame { get; init; }

    internal bool CleanUp { get; init; }

    internal bool LowerCase { get; init; } = true;

    internal bool? StripAccents { get; init; }

    internal bool TokenizeChinese { get; init; } = true;

    internal bool Legacy { get; init; } = true;

    internal bool SplitSpecialTokens { get; init; }

    /// <summary>Whether a text too long loses its start; null when the settings do not say.</summary>
    internal bool? TruncateLeft { get; init; }

    /// <summary>All special tokens in the order in which transformers adds those that are missing.</summary>
    internal IEnumerable<AddedToken> Special =>
        s_names.Where(Named.ContainsKey).Select(name => Named[name]).Concat(Additional).DistinctBy(token => token.Content);

    internal static TokenizerSettings Read(TokenizerFiles files)
    {
        var json = files.Json("tokenizer_config.json");
        bool hasJson = files.Bytes("tokenizer.json") is not null;
        var settings = Read(json, TokenizerClass.Of(files, json), hasJson) with { Place = files.PathOf("tokenizer_config.json") };
        bool listed = json?.Raw("added_tokens_decoder") is not null;
        var map = files.Json("special_tokens_map.json");
        settings.ReadSpecial(json, listed ? null : map);
        if (listed)
            settings.Added = ReadAdded(json!.Section("added_tokens_decoder"));
        else if (files.Bytes("tokenizer.json") is null && files.Json("added_tokens.json") is JsonSection added)
            settings.Added = settings.ReadLegacyAdded(added);
        return settings; // what nothing here asked for transformers does not ask for either
    }

    private static TokenizerSettings Read(JsonSection? json, TokenizerClass kind, bool hasJson)
    {
        json?.RequireEmpty("never_split");
        if (!hasJson)
            json?.RequireEmpty("sp_model_kwargs"); // of tokenizer.model alone
        if (kind.Name == "BloomTokenizer" && json?.FlagOrNull("add_prefix_space") == true)
            throw json.Fault("add_prefix_space", "is true, which is not supported for BloomTokenizer");
        if (json?.FlagOrNull("do_basic_tokenize") == false)
            throw json.Fault("do_basic_tokenize", "is false, which is not supported");
        return new TokenizerSettings
        {
            Class = kind,
            AddPrefixSpace = json?.FlagOrNull("add_prefix_space"),
            AddBos = json?.FlagOrNull("add_bos_token") ?? kind.AddsBos,
            AddEos = json?.FlagOrNull("add_eos_token") ?? false,
            RewritesFrame =
                kind.RewritesFrame
                || kind.Name == "TokenizersBackend" && json is not null && (json.Holds("add_bos_token") || json.Holds("add_eos_token")),
            CleanUp = json?.FlagOrNull("clean_up_tokenization_spaces") ?? false,
            LowerCase = json?.FlagOrNull("do_lower_case") ?? true,
            StripAccents = json?.FlagOrNull("strip_accents"),
            TokenizeChinese = json?.FlagOrNull("tokenize_chinese_chars") ?? true,
            Legacy = json?.FlagOrNull("legacy") ?? true,
            SplitSpecialTokens = json?.FlagOrNull("split_special_tokens") ?? false,
            TruncateLeft = json?.TextOrNull("truncation_side") switch
            {
                null => null,
                "left" => true,
                "right" => false,
                var side => throw json.Fault("truncation_side", $"is \"{side}\"; it must be left or right"),
            },
        };
    }

    private static ImmutableSortedDictionary<int, AddedToken> ReadAdded(JsonSection section)
    {
        var added = ImmutableSortedDictionary.CreateBuilder<int, AddedToken>();
        foreach (var (name, value) in section.Entries())
        {
            if (
                !int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || !added.TryAdd(id, AddedToken.Read(section.Inside(name, value)))
            )
                throw section.Fault(name, "is no token id of its own");
        }

        return added.ToImmutable();
    }

    private ImmutableSortedDictionary<int, AddedToken> ReadLegacyAdded(JsonSection section)
    {
        var special = Special.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        var added = ImmutableSortedDictionary.CreateBuilder<int, AddedToken>();
        foreach (var (content, value) in section.Entries())
        {
            bool isSpecial = special.Contains(content);
            if (!added.TryAdd(section.CountOf(content, value), new AddedToken(content, false, false, false, !isSpecial, isSpecial)))
                throw section.Fault(content, "has the id of another token");
        }

        return added.ToImmutable();
    }

    /// <summary>Named and additional special tokens; the map counts before the configuration,
    /// and both before the defaults of the class.</summary>
    private void ReadSpecial(JsonSection? json, JsonSection? map)
    {
        var named = Class.Defaults.ToImmutableSortedDictionary(
            pair => pair.Key,
            pair => NamedByText(pair.Key, pair.Value),
            StringComparer.Ordinal
        );
        foreach (string name in s_names)
        {
            foreach (var source in (IEnumerable<JsonSection?>)[json, map])
            {
                if (source is null || !source.Holds(name))
                    continue;
                named = source.Raw(name) is JsonElement value
                    ? named.SetItem(
                        name,
                        value.ValueKind == JsonValueKind.String ? NamedByText(name, source.Text(name)) : ReadToken(source, name, value)
                    )
                    : named.Remove(name);
            }
        }

        var additional = new List<AddedToken>();
        foreach (var source in (IEnumerable<JsonSection?>)[json, map])
        {
            foreach (string key in (IEnumerable<string>)["additional_special_tokens", "extra_special_tokens"])
                additional.AddRange(source is null ? [] : ReadTokens(source, key));
        }

        MaskIsOfClass =
            Class.MaskTakesSpace && !((IEnumerable<JsonSection?>)[json, map]).Any(source => source?.Holds("mask_token") == true);
        (Named, Additional) = (named, [.. additional.DistinctBy(token => token.Content)]);
    }

    private AddedToken NamedByText(string name, string content) =>
        AddedToken.SpecialText(content) with
        {
            LeftStrip = Class.MaskTakesSpace && name == "mask_token",
        };

    private static IEnumerable<AddedToken> ReadTokens(JsonSection source, string key) =>
        source.Raw(key) is not JsonElement value ? []
        : value.ValueKind == JsonValueKind.Object
            ? source.Section(key) is var inside ? inside.Entries().Select(entry => ReadToken(inside, entry.Name, entry.Value))
                : []
        : source.Elements(key).Select((element, i) => ReadToken(source, $"{key}[{i}]", element));

    private static AddedToken ReadToken(JsonSection source, string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
            ? AddedToken.Read(source.Inside(key, value), special: true) with
            {
                Special = true,
            }
            : AddedToken.SpecialText(source.TextOf(key, value));
}
