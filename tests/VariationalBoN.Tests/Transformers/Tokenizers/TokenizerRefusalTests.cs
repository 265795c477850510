using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>What would give wrong ids is an error that names file, place and setting.</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerRefusalTests
{
    [Theory]
    [InlineData("\"version\":\"1.0\"", "\"version\":\"2.0\"", "$.version is \"2.0\"")]
    [InlineData(
        "\"version\":\"1.0\"",
        "\"version\":\"1.0\",\"colour\":1",
        "$ has settings that are not known to this library and might change the tokens: colour"
    )]
    [InlineData("\"dropout\":null", "\"dropout\":0.1", "$.model.dropout is 0.1")]
    [InlineData("\"type\":\"BPE\"", "\"type\":\"Unigram\"", "$.model.type is \"Unigram\"; supported: BPE")]
    [InlineData(
        "\"normalizer\":null",
        "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"\"}",
        "$.normalizer.type is \"Precompiled\""
    )]
    [InlineData("\"pre_tokenizer\":null", "\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"}", "$.pre_tokenizer.type is \"UnicodeScripts\"")]
    [InlineData(
        "\"pre_tokenizer\":null",
        "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?<!a)b\"},\"behavior\":\"Isolated\",\"invert\":false}]}",
        "$.pre_tokenizer.pretokenizers[0].pattern.Regex the pattern (?<!a)b has, near character 0, '(?<!'"
    )]
    [InlineData("\"decoder\":null", "\"decoder\":{\"type\":\"CTC\"}", "$.decoder.type is \"CTC\"")]
    [InlineData("\"a b\"", "\"a x\"", "$.model.merges[0] needs the token \"x\"")]
    [InlineData("\"a b\"", "\"a b c\"", "$.model.merges[0] has 3 parts")]
    [InlineData("\"b\":2", "\"b\":1", "$.model.vocab.b has the id 1 of another token")]
    [InlineData("\"b\":2", "\"b\":-2", "$.model.vocab.b is -2; it must be a whole number")]
    [InlineData("\"b\":2", "\"b\":25", "the tokenizer has the id 25, but the model has 20 logits")]
    [InlineData(
        "\"added_tokens\":[]",
        "\"added_tokens\":[{\"id\":17,\"content\":\"<s>\",\"special\":true}]",
        "$.added_tokens[0].id is 17, but \"<s>\" has or gets 12"
    )]
    [InlineData("\"merges\"", "\"vocab\"", "Duplicate property 'vocab'")]
    public void Setting_of_tokenizer_json_is_refused_by_name(string old, string replacement, string named)
    {
        string json = MemoryTokenizer.Json();
        Assert.Contains(old, json, StringComparison.Ordinal);
        RequireRefusal(named, ("tokenizer.json", json.Replace(old, replacement, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"tokenizer_class":"MarianTokenizer"}""", "$.tokenizer_class is \"MarianTokenizer\"; supported: PreTrainedTokenizer")]
    [InlineData("""{"tokenizer_class":"BloomTokenizerFast","add_prefix_space":true}""", "$.add_prefix_space is true")]
    [InlineData("""{"truncation_side":"middle"}""", "$.truncation_side is \"middle\"")]
    [InlineData("""{"never_split":["a"]}""", "$.never_split is a list")]
    [InlineData("""{"bos_token":{"content":"<s>","shape":"round"}}""", "$[\"bos_token\"] has settings")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"<s>"}}}""", "$.added_tokens_decoder.x is no token id")]
    public void Setting_of_tokenizer_config_is_refused_by_name(string settings, string named) =>
        RequireRefusal(named, ("tokenizer.json", MemoryTokenizer.Json()), ("tokenizer_config.json", settings));

    [Theory]
    [InlineData("#version: 0.2\na b\nb\n", "line 3 has 1 parts")]
    [InlineData("#version: 0.2\na b\na z\n", "line 3 needs the token \"z\"")]
    public void Damaged_merges_are_refused_by_line(string merges, string named) =>
        RequireRefusal(
            named,
            ("vocab.json", """{"a":0,"b":1,"ab":2}"""),
            ("merges.txt", merges),
            ("tokenizer_config.json", """{"tokenizer_class":"GPT2Tokenizer","bos_token":null,"eos_token":null,"unk_token":null}""")
        );

    [Fact]
    public void Directory_without_tokenizer_is_an_error()
    {
        RequireRefusal("vocab.json is missing");
        Assert.Throws<DirectoryNotFoundException>(() => HuggingFaceTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "nowhere"), 10));
    }

    [Fact]
    public void Added_token_without_a_logit_is_an_error_only_in_a_text()
    {
        var tokenizer = MemoryTokenizer.Load(
            12,
            ("tokenizer.json", MemoryTokenizer.Json(added: """[{"id":12,"content":"<pad>","special":true}]"""))
        );
        Assert.Equal<int>([1], tokenizer.Encode("a"));
        Assert.Contains(
            "\"<pad>\" of id 12",
            Assert.Throws<InvalidOperationException>(() => tokenizer.Encode("a<pad>")).Message,
            StringComparison.Ordinal
        );
    }

    private static void RequireRefusal(string named, params (string Name, string Text)[] files)
    {
        var error = Assert.Throws<InvalidDataException>(() => MemoryTokenizer.Load(20, files));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("memory", error.Message, StringComparison.Ordinal);
    }
}
