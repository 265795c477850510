using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Parts of tokenizer.json that the golden models do not use,
/// with answers from the documentation and the tests of Hugging Face's library.</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerPipelineTests
{
    [Theory]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Matches_become_what_the_behaviour_says(string behavior, string expected)
    {
        var parts = new List<string>();
        var splitter = new PieceSplitter(
            new Piece("the-final--countdown", true),
            Enum.Parse<SplitBehavior>(behavior),
            invert: false,
            piece => parts.Add(piece.Text.ToString())
        );
        foreach (int at in (int[])[3, 9, 10])
            splitter.Match(at, at + 1);
        splitter.Finish();
        Assert.Equal(expected, string.Join('|', parts));
    }

    [Theory]
    [InlineData("always", "<s>a", "<s>|▁a")]
    [InlineData("first", "<s>a", "<s>|a")]
    [InlineData("first", "a a<s>a", "▁a|▁a|<s>|a")]
    [InlineData("never", "a a", "a|▁a")]
    public void Metaspace_puts_its_character_where_the_scheme_says(string scheme, string text, string expected) =>
        Assert.Equal(
            expected,
            Tokens(
                text,
                preTokenizer: $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":true}""",
                added: Added("<s>")
            )
        );

    [Theory]
    [InlineData("\u0301a", "a")] // what is left begins after the text does
    [InlineData("a\u0301", "▁a")]
    [InlineData("b\u0301a", "▁|b|a")]
    public void Metaspace_puts_its_character_first_where_the_text_itself_begins(string text, string expected) =>
        Assert.Equal(
            expected,
            Tokens(
                text,
                normalizer: """{"type":"StripAccents"}""",
                preTokenizer: """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}"""
            )
        );

    [Theory]
    [InlineData("", "a <s> a", "a|Ġ|<s>|Ġa")]
    [InlineData(",\"lstrip\":true", "a \n <s> a", "a|<s>|Ġa")]
    [InlineData(",\"rstrip\":true", "a <s> \t a", "a|Ġ|<s>|a")]
    [InlineData(",\"single_word\":true", "a<s> <s>a <s>-", "a|?|?|?|Ġ|?|?|?|a|Ġ|<s>|-")]
    public void Added_tokens_take_white_space_and_words_as_they_say(string setting, string text, string expected) =>
        Assert.Equal(
            expected,
            Tokens(text, preTokenizer: """{"type":"ByteLevel","add_prefix_space":false}""", added: Added("<s>", setting))
        );

    [Theory]
    [InlineData("""{"type":"Prepend","prepend":"a"}""", "bc", "abc")]
    [InlineData("""{"type":"Replace","pattern":{"String":" "},"content":"▁"}""", "a a", "a|▁a")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"\\s+"},"content":"-"}""", "a \t a", "a|-|a")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}""", "ÀB\u0327", "ab")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", "\u3000 a", "a")]
    [InlineData("""{"type":"NFKC"}""", "ａ", "a")]
    [InlineData("""{"type":"NFC"}""", "a\uFFFEb", "a|?|b")] // .NET's own normalisation throws at U+FFFE
    public void Normalizers_change_the_text(string normalizer, string text, string expected) =>
        Assert.Equal(expected, Tokens(text, normalizer: normalizer));

    [Theory]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a12", "a|?|?")]
    [InlineData("""{"type":"Whitespace"}""", "ab-- c", "ab|-|-|c")]
    [InlineData("""{"type":"WhitespaceSplit"}""", "a b", "a|b")]
    [InlineData("""{"type":"Punctuation","behavior":"Removed"}""", "a-b", "a|b")]
    [InlineData("""{"type":"CharDelimiterSplit","delimiter":"-"}""", "a-b", "a|b")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"b"},"behavior":"Removed","invert":true}""", "abc", "b")]
    public void Pre_tokenizers_cut_the_text(string preTokenizer, string text, string expected) =>
        Assert.Equal(expected, Tokens(text, preTokenizer: preTokenizer));

    [Fact]
    public void Unknown_characters_are_fused_spelt_in_bytes_or_left_out()
    {
        string model = MemoryTokenizer.BytePairs;
        Assert.Equal("a|?|?|b", Tokens("axyb"));
        Assert.Equal("a|?|b", Tokens("axyb", model: model.Replace("\"fuse_unk\":false", "\"fuse_unk\":true", StringComparison.Ordinal)));
        Assert.Equal("ab", Tokens("axyb", model: model.Replace("\"unk_token\":\"?\"", "\"unk_token\":null", StringComparison.Ordinal)));
        Assert.Equal(
            "a|<0xC3>|<0xA9>|?|b",
            Tokens(
                "aéxb",
                model: model
                    .Replace("\"byte_fallback\":false", "\"byte_fallback\":true", StringComparison.Ordinal)
                    .Replace("\".\":11", "\".\":11,\"<0xC3>\":12,\"<0xA9>\":13", StringComparison.Ordinal)
            )
        );
    }

    [Theory]
    [InlineData(
        """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""",
        new[] { "▁", "▁a", "<0xC3>", "<0xA9>", "b", "<0xC4>", "<0xFF>" },
        " aéb\uFFFD\uFFFD"
    )]
    [InlineData(
        """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""",
        new[] { "▁Hey", "▁friend!" },
        "Hey friend!"
    )]
    [InlineData(
        """{"type":"WordPiece","prefix":"##","cleanup":true}""",
        new[] { "##uelo", "Ara", "##új", "##o", "No", "##guera", "." },
        "##uelo Araújo Noguera."
    )]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", new[] { "My</w>", "na", "me</w>" }, "My name")]
    [InlineData("""{"type":"ByteLevel"}""", new[] { "Hello", "Ġfriend", "Ã", "©", "Â" }, "Hello friendé\uFFFD")]
    public void Decoders_make_text_of_tokens(string decoder, string[] tokens, string expected)
    {
        string vocabulary = string.Join(',', tokens.Select((token, i) => $"\"{token}\":{i}"));
        var tokenizer = MemoryTokenizer.Load(
            100,
            (
                "tokenizer.json",
                MemoryTokenizer.Json($$"""{"type":"WordLevel","vocab":{{{vocabulary}}},"unk_token":"{{tokens[0]}}"}""", decoder: decoder)
            )
        );
        Assert.Equal(expected, tokenizer.Decode([.. Enumerable.Range(0, tokens.Length)]));
    }

    [Fact]
    public void Special_tokens_are_put_around_found_by_name_and_left_out_of_text()
    {
        var tokenizer = MemoryTokenizer.Load(
            20,
            (
                "tokenizer.json",
                MemoryTokenizer.Json(
                    added: """[{"id":12,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}]""",
                    postProcessor: """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[12],"tokens":["<s>"]}}}""",
                    decoder: """{"type":"Fuse"}"""
                )
            ),
            (
                "tokenizer_config.json",
                """{"bos_token":"<s>","eos_token":"</s>","tokenizer_class":"PreTrainedTokenizerFast","truncation_side":"left"}"""
            )
        );

        Assert.Equal<int>([12, 10], tokenizer.Encode("abc"));
        Assert.Equal<int>([10], tokenizer.Encode("abc", addSpecialTokens: false));
        Assert.Equal<int>([12, 3], tokenizer.Encode("abcc", addSpecialTokens: true, maxLength: 2)); // the left side goes
        Assert.Equal((12, 13, null), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId)); // </s> is nowhere listed and gets the next id
        Assert.Equal<int>([12, 13], tokenizer.SpecialIds);
        Assert.Equal("abc", tokenizer.Decode([12, 10, 13, 19]));
        Assert.Equal("<s>abc</s>", tokenizer.Decode([12, 10, 13], skipSpecial: false));
        Assert.True(tokenizer.TryGetId("abc", out int id) && id == 10 && !tokenizer.TryGetId("xyz", out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([20]));
    }

    [Fact]
    public void Settings_of_the_class_override_the_file()
    {
        const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""";
        string json = MemoryTokenizer.Json(preTokenizer: ByteLevel);
        // transformers 4 has add_prefix_space = false unless it is set
        Assert.Equal("a", MemoryTokenizer.Tokens(MemoryTokenizer.Load(20, ("tokenizer.json", json)), "a"));
        Assert.Equal(
            "Ġa",
            MemoryTokenizer.Tokens(
                MemoryTokenizer.Load(20, ("tokenizer.json", json), ("tokenizer_config.json", """{"add_prefix_space":true}""")),
                "a"
            )
        );
        string llama =
            """{"tokenizer_class":"LlamaTokenizerFast","add_bos_token":true,"add_eos_token":true,"bos_token":"b","eos_token":"c","unk_token":"?"}""";
        Assert.Equal(
            "b|a|c",
            MemoryTokenizer.Tokens(
                MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json()), ("tokenizer_config.json", llama)),
                "a"
            )
        );
    }

    [Fact]
    public void Settings_that_cannot_change_the_ids_are_passed_over()
    {
        const string Settings =
            """{"full_tokenizer_file":null,"special_tokens_map_file":null,"name_or_path":"gpt2","vocab_size":12,"errors":"replace","model_max_length":1024,"chat_template":"{{ x }}","tokenizer_class":"GPT2TokenizerFast","bos_token":null,"eos_token":null,"unk_token":null}""";
        Assert.Equal(
            "a",
            MemoryTokenizer.Tokens(
                MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json()), ("tokenizer_config.json", Settings)),
                "a"
            )
        );
    }

    [Fact]
    public void Transformers_5_takes_the_prefix_space_of_the_file_and_bos_of_the_settings()
    {
        string json = MemoryTokenizer.Json(
            preTokenizer: """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"""
        );
        Assert.Equal(
            "b|Ġa",
            MemoryTokenizer.Tokens(
                MemoryTokenizer.Load(
                    20,
                    ("tokenizer.json", json),
                    ("tokenizer_config.json", """{"tokenizer_class":"TokenizersBackend","bos_token":"b","add_bos_token":true}""")
                ),
                "a"
            )
        );
    }

    [Fact]
    public void Legacy_setting_of_llama_decides_on_the_space_after_a_special_token()
    {
        var files = TokenizerFiles.In(TokenizerGoldenTests.Folder("llama2"));
        string settings = System.Text.Encoding.UTF8.GetString(files.Bytes("tokenizer_config.json")!);
        var legacy = new TokenizerFiles(
            "legacy",
            name =>
                name == "tokenizer_config.json"
                    ? System.Text.Encoding.UTF8.GetBytes(
                        settings.Replace("\"legacy\": false", "\"legacy\": true", StringComparison.Ordinal)
                    )
                    : files.Bytes(name)
        );

        // transformers' documentation of LlamaTokenizer: 29871, 1, 29889
        Assert.EndsWith("▁|<s>|.", MemoryTokenizer.Tokens(HuggingFaceTokenizer.Load(files, 600), "Hello <s>."), StringComparison.Ordinal);
        Assert.EndsWith(
            "▁|<s>|▁|.",
            MemoryTokenizer.Tokens(HuggingFaceTokenizer.Load(legacy, 600), "Hello <s>."),
            StringComparison.Ordinal
        ); // there ▁. is one token: 29871, 1, 869
    }

    private static string Added(string content, string setting = "") =>
        $$"""[{"id":12,"content":"{{content}}","normalized":false,"special":true{{setting}}}]""";

    private static string Tokens(
        string text,
        string model = MemoryTokenizer.BytePairs,
        string added = "[]",
        string normalizer = "null",
        string preTokenizer = "null"
    ) =>
        MemoryTokenizer.Tokens(
            MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json(model, added, normalizer, preTokenizer))),
            text
        );
}
