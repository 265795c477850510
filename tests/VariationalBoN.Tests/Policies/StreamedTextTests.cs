using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Policies;

/// <summary>Pieces of text are never taken back, and together they are the text of the whole.</summary>
[Trait("Tier", "fast")]
public sealed class StreamedTextTests
{
    private static readonly string[] s_words = [" it", " '", "s", " .", " n", "'", "t", " ", ",", " do", "x", "\n", "é", "€", "😀"];

    public static TheoryData<string> Decoders => ["bytes", "byte runs", "cleaned up"];

    /// <summary>Random tokens, 400 times: whole characters and single bytes of them in any order. Seed 1.</summary>
    [Theory]
    [MemberData(nameof(Decoders))]
    public void Pieces_together_are_the_text_of_the_tokens(string decoder)
    {
        var random = new Random(1);
        int pieces = 0;
        for (int times = 0; times < 400; times++)
        {
            EncodedPrompt prompt = Prompt(decoder, Random(random, random.Next(4)));
            int[] tokens = Random(random, 1 + random.Next(times % 4 == 0 ? 150 : 12)); // also more than a window
            var text = new StreamedText(prompt);
            var streamed = new StringBuilder();
            foreach (int token in tokens)
            {
                text.Append(token);
                string piece = text.Take();
                Assert.False(piece.Length > 0 && char.IsHighSurrogate(piece[^1]));
                pieces += piece.Length > 0 ? 1 : 0;
                streamed.Append(piece);
            }

            text.End();
            Assert.Equal(prompt.Decode(tokens), streamed.Append(text.Take()).ToString());
            Assert.Equal(prompt.Decode(tokens), text.Text);
        }

        Assert.True(pieces > 400); // it does stream
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    [InlineData("pythia")]
    public void Pieces_of_real_tokenizers_together_are_the_text_of_the_tokens(string model)
    {
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(ChatModels.Golden(model), "config.json")))!;
        var tokenizer = HuggingFaceTokenizer.Load(ChatModels.Golden(model), (int)config["vocab_size"]!);
        var encoder = new PromptEncoder(tokenizer, new GenerationOptions(), 1000);
        var random = new Random(2);
        int[] bytes = [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(token => tokenizer.Decode([token]) == "\uFFFD").Take(80)];
        Assert.NotEmpty(bytes);
        for (int times = 0; times < 150; times++)
        {
            Assert.True(encoder.TryEncode("The film", out EncodedPrompt? prompt, out _));
            int[] tokens =
            [
                .. Enumerable
                    .Range(0, times % 15 == 0 ? 100 : 12)
                    .Select(_ => random.Next(4) == 0 ? bytes[random.Next(bytes.Length)] : random.Next(tokenizer.VocabularySize)),
            ];
            var text = new StreamedText(prompt);
            var streamed = new StringBuilder();
            foreach (int token in tokens)
            {
                text.Append(token);
                streamed.Append(text.Take());
            }

            text.End();
            Assert.Equal(prompt.Decode(tokens), streamed.Append(text.Take()).ToString());
        }
    }

    [Fact]
    public void A_token_costs_the_decoding_of_a_few_before_it_and_not_of_all()
    {
        var tokenizer = new ByteTokenizer("bytes");
        var text = new StreamedText(new EncodedPrompt("", [257, 258], null, tokenizer, new Lazy<int?>(() => 0x80)), ["never"]);
        var streamed = new StringBuilder();
        int[] tokens = Random(new Random(4), 2000);

        foreach (int token in tokens)
        {
            text.Append(token);
            streamed.Append(text.Take());
        }

        text.End();
        streamed.Append(text.Take());
        Assert.Equal(((ITokenizer)tokenizer).DecoderAfter([257, 258])(tokens), streamed.ToString());
        Assert.InRange(tokenizer.Decoded, 2000, 2000 * 150); // and not 2000 * 2000
    }

    [Fact]
    public void Bytes_of_a_character_are_held_back_until_it_is_whole()
    {
        var text = new StreamedText(Prompt("bytes", []));
        Assert.Equal(["", "", "", "😀", "a"], Fed(text, [0xF0, 0x9F, 0x98, 0x80, 'a']));
        var runs = new StreamedText(Prompt("byte runs", []));
        Assert.Equal(["", "\n it", ""], Fed(runs, ['\n', 256, '\n'])); // a later byte could break the run
    }

    /// <summary>Random tokens and stop sequences, 400 times, against the first beginning of the tokens that holds one. Seed 3.</summary>
    [Theory]
    [MemberData(nameof(Decoders))]
    public void A_stop_sequence_ends_the_text_before_it(string decoder)
    {
        var random = new Random(3);
        string[] some = ["it", "s.", " it do", "x", "\n", "€", "'s", "\n\n", "do it"];
        int stopped = 0;
        for (int times = 0; times < 400; times++)
        {
            EncodedPrompt prompt = Prompt(decoder, []);
            bool isLong = times % 5 == 0; // more than a window
            string[] stops = isLong ? ["xx", " do do"] : [some[random.Next(some.Length)], some[random.Next(some.Length)]];
            int[] tokens = Random(random, isLong ? 60 : 12);
            int? end = Enumerable
                .Range(1, tokens.Length)
                .Cast<int?>()
                .FirstOrDefault(count => stops.Any(stop => prompt.Decode(tokens[..count!.Value]).Contains(stop, StringComparison.Ordinal)));
            string whole = prompt.Decode(tokens[..(end ?? tokens.Length)]);
            string expected = end is null
                ? whole
                : whole[..stops.Select(stop => whole.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).Min()];
            var text = new StreamedText(prompt, stops);
            var streamed = new StringBuilder();
            foreach (int token in tokens.TakeWhile(_ => !text.IsStopped))
            {
                text.Append(token);
                streamed.Append(text.Take());
            }

            text.End();
            streamed.Append(text.Take());
            Assert.Equal((expected, expected, end is not null), (streamed.ToString(), text.Text, text.IsStopped));
            stopped += text.IsStopped ? 1 : 0;
        }

        Assert.InRange(stopped, 100, 390);
    }

    [Fact]
    public void What_is_held_back_for_a_stop_sequence_comes_when_it_does_not()
    {
        var text = new StreamedText(Prompt("bytes", []), ["abc", "bd"]);

        Assert.Equal(["", "", "ab", "", "ab", "ax"], Fed(text, ['a', 'b', 'a', 'b', 'a', 'x']));
        Assert.Equal(["", "a"], Fed(text, ['a', 'b'])[..1].Append(Stopped(text, 'd')));
    }

    [Fact]
    public void What_cannot_be_streamed_or_fed_is_refused()
    {
        Assert.Contains(
            "is empty",
            Assert.Throws<ArgumentException>(() => new StreamedText(Prompt("bytes", []), ["a", ""])).Message,
            StringComparison.Ordinal
        );
        var text = new StreamedText(Prompt("bytes", []), ["a"]);
        text.Append('a');
        Assert.True(text.IsStopped && text.IsEnded);
        Assert.Contains("Token 98", Assert.Throws<InvalidOperationException>(() => text.Append('b')).Message, StringComparison.Ordinal);
        int calls = 0;
        var fickle = new StreamedText(
            new EncodedPrompt(
                "",
                [0],
                null,
                new Fickle(tokens => tokens.Count == 3 ? "other" : $"{tokens.Count}{calls++}"),
                new(() => null)
            )
        );
        Assert.NotEmpty(Fed(fickle, [1, 1])[0]);
        fickle.Append(1);
        fickle.End();
        Assert.Contains("ask for it whole", Assert.Throws<InvalidOperationException>(fickle.Take).Message, StringComparison.Ordinal);
        Assert.Equal("other", fickle.Text);
    }

    private static string Stopped(StreamedText text, int token)
    {
        text.Append(token);
        Assert.True(text.IsStopped);
        return text.Take();
    }

    private static string[] Fed(StreamedText text, int[] tokens) =>
        [
            .. tokens.Select(token =>
            {
                text.Append(token);
                return text.Take();
            }),
        ];

    /// <summary>Tokens 0 to 255 are bytes, those after them words.</summary>
    private static EncodedPrompt Prompt(string decoder, int[] prompt)
    {
        ITokenizer tokenizer = new ByteTokenizer(decoder);
        return new EncodedPrompt("", [.. prompt], null, tokenizer, new Lazy<int?>(() => 0x80));
    }

    private static int[] Random(Random random, int count)
    {
        byte[] bytes = Encoding.UTF8.GetBytes("é€😀a");
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => random.Next(3) == 0 ? bytes[random.Next(bytes.Length)] : 256 + random.Next(s_words.Length)),
        ];
    }

    /// <summary>Decodes completions by a function.</summary>
    private sealed class Fickle(Func<IReadOnlyList<int>, string> decode) : ITokenizer
    {
        public ModelIdentity Identity => "fickle";

        public int VocabularySize => 2;

        public ImmutableArray<int> Encode(string text) => [];

        public string Decode(IReadOnlyList<int> tokens) => decode(tokens);

        public Func<IReadOnlyList<int>, string> DecoderAfter(IReadOnlyList<int> prompt) => decode;
    }

    private sealed class ByteTokenizer(string decoder) : ITokenizer
    {
        public ModelIdentity Identity => "bytes";

        public int VocabularySize => 256 + s_words.Length;

        public ImmutableArray<int> Encode(string text) => [];

        /// <summary>Tokens that were decoded, each time.</summary>
        public long Decoded { get; private set; }

        public string Decode(IReadOnlyList<int> tokens)
        {
            Decoded += tokens.Count;
            if (decoder != "byte runs")
            {
                string text = Encoding.UTF8.GetString([
                    .. tokens.SelectMany(token => token < 256 ? [(byte)token] : Encoding.UTF8.GetBytes(s_words[token - 256])),
                ]);
                return decoder == "cleaned up" ? DecoderReader.CleanUp(text) : text;
            }

            var whole = new StringBuilder();
            var run = new List<byte>();
            foreach (int token in tokens)
            {
                if (token < 256)
                {
                    run.Add((byte)token);
                    continue;
                }

                Flush();
                whole.Append(s_words[token - 256]);
            }

            Flush();
            return whole.ToString();

            void Flush()
            {
                byte[] bytes = [.. run];
                run.Clear();
                whole.Append(System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length));
            }
        }
    }
}
