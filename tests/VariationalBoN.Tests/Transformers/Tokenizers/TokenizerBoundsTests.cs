using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>What a tokenizer may cost: memory in proportion to the text,
/// work in proportion to the tokenizer's own size, whatever its files ask for.</summary>
[Trait("Tier", "fast")]
[Collection("Allocating")]
public sealed class TokenizerBoundsTests
{
    private const string Sentence = "The quick brown fox, it's said, jumps over 12 lazy dogs!\n";

    [Theory]
    [InlineData("gpt2", 60)]
    [InlineData("llama3", 60)]
    [InlineData("qwen2", 60)]
    [InlineData("llama2", 140)] // about a token a character
    [InlineData("bert-classifier", 60)]
    public void Memory_is_in_proportion_to_the_text(string name, int mostPerCharacter)
    {
        var tokenizer = HuggingFaceTokenizer.Load(TokenizerGoldenTests.Folder(name), 700);
        string text = string.Concat(Enumerable.Repeat(Sentence, 2000));
        var ids = tokenizer.Encode(text); // once, so that what is kept for later is there
        long encoding = Allocated(() => tokenizer.Encode(text)),
            decoding = Allocated(() => tokenizer.Decode(ids));

        Assert.InRange(encoding / text.Length, 0, mostPerCharacter);
        Assert.InRange(decoding / text.Length, 0, mostPerCharacter);
    }

    [Theory]
    [InlineData("<a><b><c>x", "3 ")]
    [InlineData("<a><b>x", "2 ")]
    [InlineData("<a><b><x", "2  ")]
    [InlineData("<a><c>", "1   ")]
    [InlineData("<<a", " 0")]
    [InlineData("<a><b><c", "2  ")]
    public void Longest_of_the_added_tokens_that_begin_at_one_place_is_taken(string text, string expected)
    {
        string added = string.Join(
            ',',
            ((string[])["<a", "<a>", "<a><b>", "<a><b><c>"]).Select(
                (token, i) => $$"""{"id":{{12 + i}},"content":"{{token}}","normalized":false,"special":true}"""
            )
        );
        var tokenizer = MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json(added: $"[{added}]")));
        Assert.Equal(expected, string.Concat(tokenizer.Encode(text).Select(id => id >= 12 ? $"{id - 12}" : " ")));
    }

    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":"CONTENT"}""")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"a|b"},"content":"CONTENT"}""")]
    [InlineData(
        """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"}]}"""
    )]
    public void Decoder_that_grows_its_text_beyond_measure_is_an_error(string decoder)
    {
        var tokenizer = MemoryTokenizer.Load(
            20,
            ("tokenizer.json", MemoryTokenizer.Json(decoder: decoder.Replace("CONTENT", new string('c', 3000), StringComparison.Ordinal)))
        );
        long allocated = Allocated(() =>
        {
            var error = Assert.Throws<InvalidOperationException>(() => tokenizer.Decode([.. Enumerable.Repeat(1, 500)]));
            Assert.Contains("decoder turns tokens of 500 characters into more than", error.Message, StringComparison.Ordinal);
        });
        Assert.InRange(allocated, 0, 20_000_000);
        Assert.Equal(
            3000,
            MemoryTokenizer
                .Load(
                    20,
                    (
                        "tokenizer.json",
                        MemoryTokenizer.Json(
                            decoder: """{"type":"Replace","pattern":{"String":"a"},"content":"CONTENT"}""".Replace(
                                "CONTENT",
                                new string('c', 3000),
                                StringComparison.Ordinal
                            )
                        )
                    )
                )
                .Decode([1])
                .Length
        );
    }

    [Fact]
    public void Longest_word_may_be_beyond_all_limits_and_its_work_is_bounded()
    {
        const string Model =
            """{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":18446744073709551615,"vocab":{"?":0,"a":1,"##a":2,"LONG":3}}""";
        string words = Model.Replace("LONG", "b", StringComparison.Ordinal),
            hostile = Model.Replace("LONG", "##" + new string('b', 200_000), StringComparison.Ordinal);

        var ids = MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json(words))).Encode(new string('a', 200_000));
        Assert.Equal((200_000, 1, 199_999), (ids.Length, ids[0], ids.Count(id => id == 2)));
        var error = Assert.Throws<InvalidOperationException>(() =>
            MemoryTokenizer.Load(20, ("tokenizer.json", MemoryTokenizer.Json(hostile))).Encode(new string('a', 200_000))
        );
        Assert.Contains("max_input_chars_per_word", error.Message, StringComparison.Ordinal);
    }

    private static long Allocated(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
