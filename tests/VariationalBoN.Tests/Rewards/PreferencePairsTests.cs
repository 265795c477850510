using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class PreferencePairsTests : IDisposable
{
    private const string User = """{"role":"user","content":"q"}""",
        Answer = """{"role":"assistant","content":"a"}""",
        Other = """{"role":"assistant","content":"b"}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("pairs").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b"}""", "q")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":"a","rejected":"b"}""", $"[{User}]")]
    [InlineData($$"""{"messages":[{{User}}],"chosen":"a","rejected":"b"}""", $"[{User}]")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Answer}}],"rejected":[{{Other}}]}""", $"[{User}]")]
    [InlineData($$"""{"chosen":[{{User}},{{Answer}}],"rejected":[{{User}},{{Other}}]}""", $"[{User}]")]
    [InlineData($$"""{"prompt":"q","chosen":[{{User}},{{Answer}}],"rejected":[{{User}},{{Other}}],"score_chosen":8}""", $"[{User}]")]
    public void Each_form_of_a_pair_is_read(string line, string prompt)
    {
        var pair = Assert.Single(Read(line));

        Assert.Equal((prompt, "a", "b"), (pair.Prompt.Canonical, pair.Chosen, pair.Rejected));
        Assert.Equal((null, 0.0, null), (pair.OtherPrompt, pair.Margin, pair.ChosenFirst));
    }

    [Theory]
    [InlineData(
        $$"""{"chosen":[{{User}},{{Answer}}],"rejected":[{"role":"user","content":"Q"},{{Other}}]}""",
        """[{"role":"user","content":"Q"}]"""
    )]
    [InlineData($$"""{"prompt":"Q","chosen":[{{User}},{{Answer}}],"rejected":[{{User}},{{Other}}]}""", "Q")]
    [InlineData(
        $$"""{"prompt":[{"role":"user","content":"Q"}],"chosen":[{{User}},{{Answer}}],"rejected":"b"}""",
        """[{"role":"user","content":"Q"}]"""
    )]
    public void Prompts_that_do_not_match_are_kept_for_the_report(string line, string other) =>
        Assert.Equal(other, Assert.Single(Read(line)).OtherPrompt?.Canonical);

    [Fact]
    public void Margin_and_position_are_read_and_written()
    {
        PreferencePair[] pairs =
        [
            new()
            {
                Prompt = "x\n",
                Chosen = "ä\"",
                Rejected = "",
                Margin = 1.5,
                ChosenFirst = false,
            },
            new()
            {
                Prompt = Prompt.Conversation($"[{User}]"),
                Chosen = "a",
                Rejected = "b",
            },
        ];
        string path = Path.Combine(_folder, "written.jsonl");
        PreferencePairs.WriteJsonLines(path, pairs);

        Assert.Equal(pairs, PreferencePairs.ReadJsonLines(path));
        Assert.Equal(pairs[0] with { Chosen = "", Rejected = "ä\"", ChosenFirst = true }, pairs[0].Reversed());
        Assert.Contains(
            "pair 1",
            Assert
                .Throws<ArgumentException>(() => PreferencePairs.WriteJsonLines(path, [pairs[0], pairs[1] with { OtherPrompt = "y" }]))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("""{"prompt":"q","chosen":"a"}""", "rejected")]
    [InlineData("""{"chosen":"a","rejected":"b"}""", "prompt")]
    [InlineData("""["q"]""", "array")]
    [InlineData("{", "")]
    [InlineData("""{"prompt":7,"chosen":"a","rejected":"b"}""", "number")]
    [InlineData("""{"prompt":"q","chosen":7,"rejected":"b"}""", "chosen")]
    [InlineData("""{"prompt":"q","chosen":[],"rejected":"b"}""", "empty")]
    [InlineData($$"""{"prompt":"q","chosen":[{{User}}],"rejected":"b"}""", "user")]
    [InlineData("""{"prompt":"q","chosen":[{"role":"assistant","content":null,"tool_calls":[]}],"rejected":"b"}""", "text")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","margin":-1}""", "-1")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","chosen_first":1}""", "chosen_first")]
    [InlineData("""{"prompt":"q","chosen":"\ud800","rejected":"b"}""", "")]
    public void A_line_that_holds_no_pair_is_named(string line, string what)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read($$"""{"prompt":"q","chosen":"a","rejected":"b"}""", "", line));

        Assert.Contains("pairs.jsonl, line 3", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_pairs_is_refused() =>
        Assert.Contains("pairs.jsonl", Assert.Throws<InvalidDataException>(() => Read("", " ")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_split_keeps_the_pairs_of_a_prompt_together_and_more_data_move_none()
    {
        PreferencePair[] pairs =
        [
            .. Enumerable
                .Range(0, 4000)
                .Select(i => new PreferencePair
                {
                    Prompt = $"p{i % 1000}",
                    Chosen = $"{i}",
                    Rejected = "b",
                }),
        ];
        (var train, var heldOut) = PreferencePairs.Split(pairs, 0.2, seed: 3);
        (_, var heldOutOfHalf) = PreferencePairs.Split(pairs[..2000], 0.2, seed: 3);

        Assert.Empty(train.Select(pair => pair.Prompt).Intersect(heldOut.Select(pair => pair.Prompt)));
        Assert.Equal(
            pairs,
            train.Concat(heldOut).OrderBy(pair => int.Parse(pair.Chosen, System.Globalization.CultureInfo.InvariantCulture))
        );
        Assert.InRange(heldOut.Length / 4.0, 200 - 51, 200 + 51); // four deviations of a binomial of 1000 prompts
        Assert.Equal(heldOut.Where(pair => pairs.AsSpan(0, 2000).Contains(pair)), heldOutOfHalf);
        Assert.NotEqual(heldOut, PreferencePairs.Split(pairs, 0.2, seed: 4).HeldOut);
        Assert.Throws<ArgumentException>("pairs", () => PreferencePairs.Split(pairs[..1], 0.2, seed: 3));
        Assert.Throws<ArgumentOutOfRangeException>("heldOutShare", () => PreferencePairs.Split(pairs, double.NaN, seed: 3));
    }

    private PreferencePair[] Read(params string[] lines)
    {
        string path = Path.Combine(_folder, "pairs.jsonl");
        File.WriteAllLines(path, lines);
        return PreferencePairs.ReadJsonLines(path);
    }
}
