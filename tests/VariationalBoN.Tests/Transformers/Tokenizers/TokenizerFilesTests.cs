namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>The files beside or instead of tokenizer.json, with answers of transformers 4.57.</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerFilesTests
{
    private const string Letters = """{"a":0,"b":1,"c":2,"ab":3,"abc":4}""";
    private const string NoSpecial = """{"tokenizer_class":"CLASS","bos_token":null,"eos_token":null,"unk_token":null,"pad_token":null}""";

    [Theory]
    [InlineData("GPT2Tokenizer", "a b\nab c\n", new[] { 0, 1, 2 })] // split("\n")[1:-1]: the first line is a header whatever it holds
    [InlineData("GPT2Tokenizer", "#version: 0.2\na b\nab c", new[] { 3, 2 })] // and what follows the last line feed is left out
    [InlineData("GPT2Tokenizer", "#version: 0.2\na b\nab c\n", new[] { 4 })]
    [InlineData("GPT2Tokenizer", "#version: 0.2\r\na b\r\nab c\r\n", new[] { 4 })]
    [InlineData("GPT2Tokenizer", "#version: 0.2\n a  b \nab\tc\n", new[] { 4 })] // split() takes any white space
    [InlineData("GPT2Tokenizer", "", new[] { 0, 1, 2 })]
    [InlineData("GPT2Tokenizer", "a b", new[] { 0, 1, 2 })]
    [InlineData("Qwen2Tokenizer", "a b\nab c\n", new[] { 4 })] // Qwen 2 looks at the header and reads every line
    [InlineData("Qwen2Tokenizer", "#version: 0.2\na b\nab c", new[] { 4 })]
    [InlineData("Qwen2Tokenizer", "", new[] { 0, 1, 2 })]
    public void Merges_are_read_as_the_class_reads_them(string kind, string merges, int[] expected)
    {
        var tokenizer = MemoryTokenizer.Load(
            5,
            ("vocab.json", Letters),
            ("merges.txt", merges),
            ("tokenizer_config.json", NoSpecial.Replace("CLASS", kind, StringComparison.Ordinal))
        );
        Assert.Equal<int>(expected, tokenizer.Encode("abc"));
    }

    [Fact]
    public void Merge_that_stands_twice_has_the_rank_of_its_first_line()
    {
        const string Vocabulary = """{"a":0,"b":1,"c":2,"ab":3,"bc":4}""";
        var tokenizer = MemoryTokenizer.Load(
            5,
            ("vocab.json", Vocabulary),
            ("merges.txt", "#version: 0.2\na b\nb c\na b\n"),
            ("tokenizer_config.json", NoSpecial.Replace("CLASS", "GPT2Tokenizer", StringComparison.Ordinal))
        );
        Assert.Equal<int>([3, 2], tokenizer.Encode("abc"));
    }

    [Fact]
    public void Token_that_stands_twice_in_a_vocabulary_of_lines_has_the_id_of_its_last_line()
    {
        var tokenizer = MemoryTokenizer.Load(9, ("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\na\n"));
        Assert.Equal<int>([2, 7, 6, 3], tokenizer.Encode("a b"));
        Assert.False(tokenizer.TryGetToken(5, out _));
    }

    [Theory]
    [InlineData("", "a|<mask>|Ġb")] // the class's own
    [InlineData(",\"mask_token\":\"<mask>\"", "a|<mask>|Ġb")]
    [InlineData(",\"mask_token\":{\"content\":\"<mask>\",\"lstrip\":false}", "a|Ġ|<mask>|Ġb")]
    [InlineData(",\"mask_token\":\"<mask>\",\"added_tokens_decoder\":{\"4\":{\"content\":\"<mask>\",\"special\":true}}", "a|Ġ|<mask>|Ġb")]
    [InlineData(",\"added_tokens_decoder\":{\"4\":{\"content\":\"<mask>\",\"special\":true}}", "a|<mask>|Ġb")]
    [InlineData(",\"eos_token\":\"</s>\"", "a|<mask>|Ġb")]
    public void Mask_of_roberta_takes_the_space_before_it(string setting, string expected)
    {
        const string Vocabulary = """{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"<mask>":4,"a":5,"b":6,"Ġ":7,"Ġb":8}""";
        var tokenizer = MemoryTokenizer.Load(
            9,
            ("vocab.json", Vocabulary),
            ("merges.txt", "#version: 0.2\nĠ b\n"),
            ("tokenizer_config.json", $$"""{"tokenizer_class":"RobertaTokenizer"{{setting}}}""")
        );
        Assert.Equal($"<s>|{expected}|</s>", MemoryTokenizer.Tokens(tokenizer, "a <mask> b"));
    }

    [Theory]
    [InlineData(",\"add_prefix_space\":true", "4", "4 3 4")]
    [InlineData(",\"prepend_scheme\":\"always\",\"add_prefix_space\":true", "4", "4 3 4")]
    [InlineData(",\"prepend_scheme\":\"first\",\"add_prefix_space\":true", "4", "4 3 4")]
    [InlineData(",\"prepend_scheme\":\"never\",\"add_prefix_space\":true", "2", "5 4")]
    [InlineData(",\"prepend_scheme\":\"never\",\"add_prefix_space\":false", "2", "5 4")]
    [InlineData(",\"prepend_scheme\":\"always\",\"split\":false", "4", "4 3 4")]
    public void Metaspace_of_older_files_prepends_whatever_the_class_says(string setting, string one, string two)
    {
        const string Model = """{"type":"BPE","unk_token":null,"vocab":{"?":0,"▁":1,"a":2,"b":3,"▁a":4,"ab":5},"merges":["▁ a","a b"]}""";
        string json = MemoryTokenizer.Json(Model, preTokenizer: $$"""{"type":"Metaspace","replacement":"▁"{{setting}}}""");
        foreach (
            string settings in (string[])
                [
                    """{"tokenizer_class":"PreTrainedTokenizerFast"}""",
                    """{"tokenizer_class":"PreTrainedTokenizerFast","add_prefix_space":false}""",
                    """{"tokenizer_class":"GPT2TokenizerFast","add_prefix_space":true,"bos_token":null,"eos_token":null,"unk_token":null}""",
                ]
        )
        {
            var tokenizer = MemoryTokenizer.Load(6, ("tokenizer.json", json), ("tokenizer_config.json", settings));
            Assert.Equal((one, two), (string.Join(' ', tokenizer.Encode("a")), string.Join(' ', tokenizer.Encode("ab a"))));
        }
    }

    [Theory]
    [InlineData(",\"add_prefix_space\":false", "add_prefix_space is false beside prepend_scheme = always, which its absence means")]
    [InlineData(",\"add_prefix_space\":false,\"prepend_scheme\":\"first\"", "add_prefix_space is false beside prepend_scheme = first")]
    [InlineData(",\"prepend_scheme\":null", "prepend_scheme is missing")]
    [InlineData(",\"prepend_scheme\":\"last\"", "prepend_scheme is \"last\"")]
    public void Metaspace_that_contradicts_itself_is_refused_before_and_after_the_model(string setting, string named)
    {
        string part = $$"""{"type":"Metaspace","replacement":"▁"{{setting}}}""";
        foreach (string json in (string[])[MemoryTokenizer.Json(preTokenizer: part), MemoryTokenizer.Json(decoder: part)])
            Assert.Contains(
                named,
                Assert.Throws<InvalidDataException>(() => MemoryTokenizer.Load(20, ("tokenizer.json", json))).Message,
                StringComparison.Ordinal
            );
    }
}
