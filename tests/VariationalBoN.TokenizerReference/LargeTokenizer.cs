using System.Text;
using System.Text.Json.Nodes;

namespace VariationalBoN.TokenizerReference;

/// <summary>Tokenizers as large as those of models, which the golden ones are not:
/// byte pairs learnt from words of several scripts.</summary>
internal static class LargeTokenizer
{
    private const int Entries = 32_000;
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly string[][] s_syllables =
    [
        [
            "an",
            "ber",
            "co",
            "dis",
            "en",
            "fi",
            "ing",
            "ness",
            "pre",
            "th",
            "the",
            "tion",
            "un",
            "wor",
            "ly",
            "s",
            "x",
            "_",
            "\u00E9",
            "\u00FC",
            "\u00DF",
        ],
        ["\u0430", "\u0441\u0442", "\u043D\u043E", "\u0440\u0443", "\u043A\u0438\u0439", "\u044F", "\u0432\u0430"],
        ["\u03B1", "\u03BB\u03BF", "\u03B3\u03BF\u03C2", "\u03BA\u03B1\u03B9", "\u03C4"],
        ["\u65E5", "\u672C", "\u8A9E", "\u4EBA", "\u5927", "\u7684", "\u3042", "\u3044", "\u30F3"],
        ["0", "1", "2", "34", "999", ".", ",", "--", "==", "(", ")", "{", "};", "\n", "\t", "  "],
        ["\uD83D\uDE42", "\uD83D\uDC4D", "\u200D", "\u2764\uFE0F", "\uD83C\uDDE9"],
    ];

    /// <summary>In the form of Llama 3: bytes as characters, a pattern that cuts words, words of the vocabulary whole.</summary>
    internal static string WriteByteLevel(string folder, int seed)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => ByteCharacter(value).ToString())];
        var learnt = Learn(bytes, seed, word => [.. Encoding.UTF8.GetBytes(" " + word).Select(value => ByteCharacter(value).ToString())]);
        var split = Object(("type", "Split"), ("pattern", Object(("Regex", Llama3))), ("behavior", "Isolated"), ("invert", false));
        var byteLevel = Object(("type", "ByteLevel"), ("add_prefix_space", false), ("trim_offsets", true), ("use_regex", false));
        var begin = Object(("SpecialToken", Object(("id", "<|begin_of_text|>"), ("type_id", 0))));
        var text = Object(("Sequence", Object(("id", "A"), ("type_id", 0))));
        int id = learnt.Vocabulary.Count;
        return Write(
            folder,
            "byte-level",
            Object(
                ("version", "1.0"),
                (
                    "added_tokens",
                    new JsonArray(Added(id, "<|begin_of_text|>", true), Added(id + 1, "<|eot_id|>", true), Added(id + 2, "<tool>", false))
                ),
                ("normalizer", null),
                ("pre_tokenizer", Object(("type", "Sequence"), ("pretokenizers", new JsonArray(split, byteLevel)))),
                (
                    "post_processor",
                    Object(
                        ("type", "TemplateProcessing"),
                        ("single", new JsonArray(begin, text)),
                        ("pair", new JsonArray(begin.DeepClone(), text.DeepClone())),
                        (
                            "special_tokens",
                            Object(
                                (
                                    "<|begin_of_text|>",
                                    Object(
                                        ("id", "<|begin_of_text|>"),
                                        ("ids", new JsonArray(id)),
                                        ("tokens", new JsonArray("<|begin_of_text|>"))
                                    )
                                )
                            )
                        )
                    )
                ),
                ("decoder", byteLevel.DeepClone()),
                ("model", Model(learnt, unknown: null, byteFallback: false, ignoreMerges: true))
            )
        );
    }

    /// <summary>In the form of Llama 2: spaces as U+2581, bytes for what the vocabulary does not hold.</summary>
    internal static string WriteMetaspace(string folder, int seed)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];
        string[] letters =
        [
            .. s_syllables.SelectMany(row => row).SelectMany(Characters).Append("\u2581").Distinct().Order(StringComparer.Ordinal),
        ];
        var learnt = Learn(
            ["<unk>", "<s>", "</s>", .. bytes, .. letters],
            seed + 1,
            word => Characters("\u2581" + word.Replace(' ', '\u2581'))
        );
        var decoders = new JsonArray(
            Object(("type", "Replace"), ("pattern", Object(("String", "\u2581"))), ("content", " ")),
            Object(("type", "ByteFallback")),
            Object(("type", "Fuse")),
            Object(("type", "Strip"), ("content", " "), ("start", 1), ("stop", 0))
        );
        return Write(
            folder,
            "metaspace",
            Object(
                ("version", "1.0"),
                ("added_tokens", new JsonArray(Added(0, "<unk>", true), Added(1, "<s>", true), Added(2, "</s>", true))),
                ("normalizer", null),
                ("pre_tokenizer", Object(("type", "Metaspace"), ("replacement", "\u2581"), ("prepend_scheme", "first"), ("split", false))),
                ("post_processor", null),
                ("decoder", Object(("type", "Sequence"), ("decoders", decoders))),
                ("model", Model(learnt, unknown: "<unk>", byteFallback: true, ignoreMerges: false))
            )
        );
    }

    /// <summary>Each merge joins two neighbours of a random word as the merges before it leave them.</summary>
    private static (List<string> Vocabulary, List<(string Left, string Right)> Merges) Learn(
        string[] start,
        int seed,
        Func<string, string[]> spell
    )
    {
        var random = new Random(seed);
        List<string> vocabulary = [.. start];
        var known = new HashSet<string>(start, StringComparer.Ordinal);
        var merges = new List<(string, string)>();
        var ranks = new Dictionary<(string, string), int>();
        while (vocabulary.Count < Entries)
        {
            List<string> parts = [.. spell(Word(random))];
            while (Best(parts, ranks) is >= 0 and var at)
                Join(parts, at);
            if (parts.Count < 2)
                continue;
            int pick = random.Next(parts.Count - 1);
            ranks[(parts[pick], parts[pick + 1])] = merges.Count;
            merges.Add((parts[pick], parts[pick + 1]));
            if (known.Add(parts[pick] + parts[pick + 1]))
                vocabulary.Add(parts[pick] + parts[pick + 1]);
        }

        return (vocabulary, merges);
    }

    private static int Best(List<string> parts, Dictionary<(string, string), int> ranks)
    {
        (int at, int best) = (-1, int.MaxValue);
        for (int i = 0; i + 1 < parts.Count; i++)
        {
            if (ranks.TryGetValue((parts[i], parts[i + 1]), out int rank) && rank < best)
                (at, best) = (i, rank);
        }

        return at;
    }

    private static void Join(List<string> parts, int at)
    {
        parts[at] += parts[at + 1];
        parts.RemoveAt(at + 1);
    }

    /// <summary>Syllables of one script, the first ones of each far more often.</summary>
    private static string Word(Random random)
    {
        string[] script = s_syllables[random.Next(3) == 0 ? random.Next(s_syllables.Length) : 0];
        return string.Concat(
            Enumerable.Range(0, random.Next(1, 6)).Select(_ => script[Math.Min(random.Next(script.Length), random.Next(script.Length))])
        );
    }

    private static string[] Characters(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    /// <summary>GPT-2's character for a byte.</summary>
    private static char ByteCharacter(int value)
    {
        static bool Shows(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return Shows(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(other => !Shows(other)));
    }

    private static JsonObject Model(
        (List<string> Vocabulary, List<(string Left, string Right)> Merges) learnt,
        string? unknown,
        bool byteFallback,
        bool ignoreMerges
    ) =>
        Object(
            ("type", "BPE"),
            ("dropout", null),
            ("unk_token", unknown),
            ("continuing_subword_prefix", null),
            ("end_of_word_suffix", null),
            ("fuse_unk", byteFallback),
            ("byte_fallback", byteFallback),
            ("ignore_merges", ignoreMerges),
            ("vocab", new JsonObject(learnt.Vocabulary.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)))),
            ("merges", new JsonArray([.. learnt.Merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]))
        );

    private static JsonObject Added(int id, string content, bool special) =>
        Object(
            ("id", id),
            ("content", content),
            ("single_word", false),
            ("lstrip", false),
            ("rstrip", false),
            ("normalized", !special),
            ("special", special)
        );

    private static JsonObject Object(params (string Key, JsonNode? Value)[] entries) =>
        new(entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value)));

    private static string Write(string folder, string name, JsonObject tokenizer)
    {
        string file = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, "tokenizer.json");
        File.WriteAllText(file, tokenizer.ToJsonString());
        return file;
    }
}
