using System.Text;
using Microsoft.ML.Tokenizers;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

[Trait("Tier", "fast")]
public sealed class MicrosoftTokenizerTests
{
    private static MicrosoftTokenizer Create(params int[] special)
    {
        using var vocabulary = new MemoryStream(Encoding.UTF8.GetBytes("""{"a":0,"b":1,"ab":2,"c":3,"<end>":4}"""));
        using var merges = new MemoryStream("#version: 0.2\na b\n"u8.ToArray());
        return new MicrosoftTokenizer(BpeTokenizer.Create(vocabulary, merges), 8, special);
    }

    [Fact]
    public void Text_goes_through_the_wrapped_tokenizer_and_back()
    {
        var tokenizer = Create(4);
        Assert.Equal(8, tokenizer.VocabularySize);
        Assert.Equal<int>([2, 3, 0], tokenizer.Encode("abca").ToArray());
        Assert.Equal("abca", tokenizer.Decode([2, 3, 0]).Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_identity_is_a_fingerprint_that_another_vocabulary_changes()
    {
        using var vocabulary = new MemoryStream("""{"b":0,"a":1}"""u8.ToArray());
        var other = new MicrosoftTokenizer(BpeTokenizer.Create(vocabulary, mergesStream: null), 8);

        Assert.Equal(TokenizerFingerprint.Of(Create(4)), Create(4).Identity);
        Assert.NotEqual(other.Identity, Create(4).Identity);
        Assert.Contains("vocabulary 8", other.Identity.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_are_left_out_of_the_text()
    {
        Assert.DoesNotContain("end", Create(4).Decode([2, 4, 3]), StringComparison.Ordinal);
        Assert.Contains("end", Create().Decode([2, 4, 3]), StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_around_a_text_are_left_out_where_it_has_them()
    {
        var options = new BpeOptions(
            new Dictionary<string, int>
            {
                ["a"] = 0,
                ["b"] = 1,
                ["ab"] = 2,
                ["<s>"] = 3,
            }
        )
        {
            Merges = ["a b"],
            BeginningOfSentenceToken = "<s>",
            SpecialTokens = new Dictionary<string, int> { ["<s>"] = 3 },
        };
        ITokenizer tokenizer = new MicrosoftTokenizer(BpeTokenizer.Create(options), 4);

        Assert.Equal<int>([3, 2, 0], tokenizer.Encode("aba", addSpecialTokens: true).ToArray());
        Assert.Equal<int>([2, 0], tokenizer.Encode("aba", addSpecialTokens: false).ToArray());
    }

    [Fact]
    public void Special_token_outside_the_vocabulary_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Create(8));
}
