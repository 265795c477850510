namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>What real files hold and the original passes over, and the classes whose tokenizer.json says all.</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerAcceptanceTests
{
    private const string Letters = """{"type":"BPE","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"c":3},"merges":[]}""";

    [Theory]
    [InlineData(
        "\"image_token\":\"<image>\",\"boi_token\":\"<boi>\",\"eoi_token\":{\"content\":\"<eoi>\"},\"audio_token\":null,\"num_image_tokens\":256"
    )]
    [InlineData("\"auto_map\":{\"AutoTokenizer\":[null,\"tokenization_x.XTokenizer\"]}")]
    [InlineData(
        "\"video_token\":\"<v>\",\"vision_bos_token\":\"<b>\",\"image_token_id\":7,\"patch_size\":14,\"language\":null,\"task\":\"transcribe\",\"sp_model_kwargs\":{\"enable_sampling\":true}"
    )]
    [InlineData("\"colour\":\"red\"")]
    public void Settings_that_transformers_does_not_ask_for_are_passed_over(string settings)
    {
        var tokenizer = MemoryTokenizer.Load(
            4,
            ("tokenizer.json", MemoryTokenizer.Json(Letters)),
            ("tokenizer_config.json", $$"""{"tokenizer_class":"PreTrainedTokenizerFast",{{settings}}}"""),
            ("special_tokens_map.json", """{"image_token":"<image>"}""")
        );
        Assert.Equal<int>([1, 2], tokenizer.Encode("ab"));
        Assert.False(tokenizer.TryGetId("<image>", out _));
    }

    [Fact]
    public void Keys_of_other_parts_are_passed_over_in_every_part_and_unknown_ones_refused()
    {
        const string Stray = ",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true,\"cleanup\":true,\"fuse_unk\":true";
        const string Template =
            """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}STRAY}""";
        string Json(string stray) =>
            MemoryTokenizer.Json(
                """{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"b":2}STRAY}""".Replace(
                    "STRAY",
                    stray,
                    StringComparison.Ordinal
                ),
                normalizer: """{"type":"NFC"STRAY}""".Replace("STRAY", stray, StringComparison.Ordinal),
                preTokenizer: """{"type":"WhitespaceSplit"STRAY}""".Replace("STRAY", stray, StringComparison.Ordinal),
                postProcessor: Template.Replace("STRAY", stray, StringComparison.Ordinal),
                decoder: """{"type":"Fuse"STRAY}""".Replace("STRAY", stray, StringComparison.Ordinal)
            );

        Assert.Equal<int>([1, 2, 0], MemoryTokenizer.Load(9, ("tokenizer.json", Json(Stray))).Encode("a b c"));
        Assert.Throws<InvalidDataException>(() => MemoryTokenizer.Load(9, ("tokenizer.json", Json(",\"max_piece_length\":3"))));
    }

    [Theory]
    [InlineData("CodeGenTokenizer", "a b")]
    [InlineData("WhisperTokenizerFast", "a b")]
    [InlineData("CLIPTokenizer", "a b")]
    [InlineData("OLMoTokenizerFast", "a b")]
    [InlineData("OLMoTokenizer", "a b")]
    [InlineData("GPTNeoXTokenizerFast", "a b")]
    [InlineData("BloomTokenizerFast", "a b")]
    [InlineData("BartTokenizer", "a b")]
    [InlineData("ElectraTokenizerFast", "a b")]
    [InlineData("GemmaTokenizerFast", "<bos> a b")] // the class puts BOS, whatever the file's post-processor
    [InlineData("GemmaTokenizer", "<bos> a b")]
    [InlineData("CohereTokenizerFast", "<BOS_TOKEN> a b")]
    public void Class_whose_tokenizer_json_says_all_is_read(string kind, string expected)
    {
        var tokenizer = MemoryTokenizer.Load(
            30,
            ("tokenizer.json", MemoryTokenizer.Json(Letters)),
            ("tokenizer_config.json", $$"""{"tokenizer_class":"{{kind}}"}""")
        );
        Assert.Equal(expected.Replace(' ', '|'), MemoryTokenizer.Tokens(tokenizer, "ab"));
    }

    [Theory]
    [InlineData("T5Tokenizer")]
    [InlineData("XLMRobertaTokenizerFast")]
    [InlineData("PreTrainedTokenizerFast")]
    public void Unigram_is_refused_by_its_name_whatever_the_class(string kind)
    {
        foreach (
            string model in (string[])["""{"type":"Unigram","unk_id":0,"vocab":[["a",0.0]]}""", """{"unk_id":0,"vocab":[["a",0.0]]}"""]
        )
        {
            var error = Assert.Throws<InvalidDataException>(() =>
                MemoryTokenizer.Load(
                    9,
                    ("tokenizer.json", MemoryTokenizer.Json(model)),
                    ("tokenizer_config.json", $$"""{"tokenizer_class":"{{kind}}"}""")
                )
            );
            Assert.Contains("$.model.type is \"Unigram\"", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"type":"WordLevel","unk_token":"[UNK]","vocab":{"a":1}}""")]
    [InlineData(
        """{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"a":1}}"""
    )]
    [InlineData("""{"type":"BPE","unk_token":"[UNK]","vocab":{"a":1},"merges":[]}""")]
    public void Unknown_token_that_is_missing_is_an_error_only_where_a_text_needs_it(string model)
    {
        var tokenizer = MemoryTokenizer.Load(9, ("tokenizer.json", MemoryTokenizer.Json(model)));
        Assert.Equal<int>([1], tokenizer.Encode("a"));
        var error = Assert.Throws<InvalidOperationException>(() => tokenizer.Encode("b"));
        Assert.Contains("\"b\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("unknown token [UNK] is not in its vocabulary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clip_turns_the_ends_of_words_into_spaces()
    {
        const string Model =
            """{"type":"BPE","unk_token":"<|endoftext|>","end_of_word_suffix":"</w>","vocab":{"a":0,"b</w>":1,"ab</w>":2,"<|startoftext|>":3,"<|endoftext|>":4},"merges":["a b</w>"]}""";
        var tokenizer = MemoryTokenizer.Load(
            9,
            (
                "tokenizer.json",
                MemoryTokenizer.Json(
                    Model,
                    preTokenizer: """{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}]}""",
                    decoder: """{"type":"ByteLevel"}"""
                )
            ),
            ("tokenizer_config.json", """{"tokenizer_class":"CLIPTokenizer"}""")
        );
        var ids = tokenizer.Encode("ab b ab");
        Assert.Equal<int>([2, 1, 2], ids);
        Assert.Equal("ab b ab", tokenizer.Decode(ids));
    }

    [Fact]
    public void Whisper_leaves_out_time_stamps_and_the_prompt()
    {
        const string Model =
            """{"type":"BPE","unk_token":null,"vocab":{"a":0,"b":1,"<|startofprev|>":2,"<|startoftranscript|>":3,"<|0.98|>":4,"<|endoftext|>":5},"merges":[]}""";
        var tokenizer = MemoryTokenizer.Load(
            9,
            ("tokenizer.json", MemoryTokenizer.Json(Model, decoder: """{"type":"Fuse"}""")),
            (
                "tokenizer_config.json",
                """{"tokenizer_class":"WhisperTokenizer","additional_special_tokens":["<|startofprev|>","<|startoftranscript|>"]}"""
            )
        );
        Assert.Equal("ab", tokenizer.Decode([3, 0, 4, 1, 5]));
        Assert.Equal("b", tokenizer.Decode([2, 0, 3, 4, 1]));
        Assert.Equal("", tokenizer.Decode([2, 0]));
        Assert.Equal("<|startofprev|>a", tokenizer.Decode([2, 0], skipSpecial: false));
    }
}
