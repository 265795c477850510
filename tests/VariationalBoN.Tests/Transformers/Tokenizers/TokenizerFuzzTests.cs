using System.Text;
using CsCheck;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Damaged tokenizer files and arbitrary texts.</summary>
[Trait("Tier", "fast")]
[Collection("Allocating")]
public sealed class TokenizerFuzzTests
{
    /// <summary>How many damaged files are read; the environment sets more for the long form.</summary>
    private static readonly int s_inputs = FileFuzz.Inputs;

    private const string Common = " ae\n'\u0301\uFFFE▁<s>";

    private static readonly Gen<string> s_texts = Gen.OneOf(
            Gen.Char,
            Gen.Char['\0', '\u00FF'],
            Gen.Char['\uD800', '\uDFFF'],
            Gen.Int[0, Common.Length - 1].Select(i => Common[i])
        )
        .Array[0, 40]
        .Select(characters => new string(characters));

    [Fact]
    public void Damaged_files_give_an_error_with_file_and_place_and_no_large_allocation()
    {
        const int Seed = 20261125;
        var fuzz = new TokenizerFuzz(Seed);
        for (int i = 0; i < s_inputs; i++)
        {
            if (fuzz.Run() is string fault)
                Assert.Fail($"Input {i} of seed {Seed}: {fault}");
        }
    }

    [Theory]
    [InlineData("gpt2", true)]
    [InlineData("gpt2-hub-layout", true)]
    [InlineData("llama3", true)]
    [InlineData("pythia", false)]
    [InlineData("qwen2", false)]
    [InlineData("llama2", false)]
    [InlineData("bert-classifier", false)]
    public void Every_text_has_ids_and_byte_level_ones_give_it_back(string name, bool roundTrips)
    {
        var tokenizer = HuggingFaceTokenizer.Load(TokenizerGoldenTests.Folder(name), 700);
        s_texts.Sample(
            text =>
            {
                var ids = tokenizer.Encode(text, addSpecialTokens: false);
                string back = tokenizer.Decode(ids, skipSpecial: false);
                Assert.All(ids, id => Assert.InRange(id, 0, 699));
                if (roundTrips)
                    Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), back); // lone surrogates as U+FFFD
            },
            iter: 1000,
            seed: "0000000000001",
            threads: 1
        );
    }

    [Fact]
    public void Decoding_takes_any_ids()
    {
        foreach (string name in TokenizerGoldenTests.Names)
        {
            var tokenizer = HuggingFaceTokenizer.Load(TokenizerGoldenTests.Folder(name), 700);
            Gen.Int[0, 699]
                .Array[0, 30]
                .Sample(
                    ids => Assert.False(tokenizer.Decode(ids).Any(char.IsSurrogate) && !IsWellFormed(tokenizer.Decode(ids))),
                    iter: 500,
                    seed: "0000000000001",
                    threads: 1
                );
        }
    }

    private static bool IsWellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
}
