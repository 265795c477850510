using System.Text.Json;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>The text of a completion is what its tokens add to the text of its prompt.</summary>
[Trait("Tier", "fast")]
public sealed class CompletionTextTests
{
    /// <summary>Where clean-up takes out a space that the text of the prompt alone has:
    /// the end of the prompt, and how the completion begins.</summary>
    private static readonly string[] s_cleanedUp = [" '+'"];

    public static TheoryData<string> Cases => [.. TokenizerGoldenTests.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Text_of_prompt_and_of_completion_are_the_text_of_both(string name)
    {
        var tokenizer = HuggingFaceTokenizer.Load(TokenizerGoldenTests.Folder(name), 1000);
        var random = new Random(20);
        var faults = new List<string>();
        foreach (string prompt in Prompts(name))
        {
            int[] before = [.. tokenizer.Encode(prompt)];
            var decode = ((ITokenizer)tokenizer).DecoderAfter(before);
            for (int k = 0; k < 40; k++)
            {
                int[] drawn = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(700))];
                string text = decode(drawn),
                    whole = tokenizer.Decode([.. before, .. drawn]);
                if (tokenizer.Decode(before) + text != whole)
                    faults.Add(
                        $"{JsonSerializer.Serialize(tokenizer.Decode(before))} + {JsonSerializer.Serialize(text)} is not "
                            + $"{JsonSerializer.Serialize(whole)}"
                    );
            }
        }

        Assert.True(faults.Count == 0, $"{faults.Count}: {string.Join("\n", faults)}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Character_across_the_border_belongs_to_the_completion(string name)
    {
        var tokenizer = HuggingFaceTokenizer.Load(TokenizerGoldenTests.Folder(name), 1000);
        var rewritten = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string text in Prompts(name))
        {
            int[] ids = [.. tokenizer.Encode(text, addSpecialTokens: false)];
            string whole = tokenizer.Decode(ids);
            for (int border = 0; border <= ids.Length; border++)
            {
                string before = tokenizer.Decode(ids[..border]),
                    after = ((ITokenizer)tokenizer).DecoderAfter(ids[..border])(ids[border..]);
                Assert.EndsWith(after, whole, StringComparison.Ordinal);
                string kept = whole[..^after.Length];
                Assert.StartsWith(kept, before, StringComparison.Ordinal);
                if (before.TrimEnd('\uFFFD') != kept.TrimEnd('\uFFFD'))
                    rewritten.Add($"{before[kept.Length..]}+{after[..1]}");
            }
        }

        Assert.Equal(name.Contains("bert", StringComparison.Ordinal) ? s_cleanedUp : [], rewritten);
    }

    private static IEnumerable<string> Prompts(string name)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(TokenizerGoldenTests.Folder(name), "expected.json")));
        return
        [
            .. expected.RootElement.GetProperty("tokenizer").EnumerateArray().Select(row => row.GetProperty("text").GetString()!),
            "The film was",
        ];
    }
}
