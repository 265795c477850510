using System.Text.Json;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Rewards;
using static VariationalBoN.Tests.Rewards.ScriptedServer;

namespace VariationalBoN.Tests.References;

/// <summary>
/// A service that breaks in the middle of a batch: what it broke is never written as excluded,
/// even where completions that are at fault may be left out.
/// </summary>
[Trait("Tier", "torch")]
public sealed class BrokenServiceTests : StoreFixture
{
    private const int Culprit = 3;
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 5).Select(i => $"p{i}")];

    public static TheoryData<string, int, bool> Breaks
    {
        get
        {
            var breaks = new TheoryData<string, int, bool>();
            foreach (
                string how in new[]
                {
                    "401",
                    "403",
                    "404",
                    "410",
                    "302",
                    "302 to a page",
                    "307",
                    "page",
                    "model",
                    "500",
                    "503",
                    "count",
                    "twice",
                    "gone",
                    "endless",
                }
            )
            {
                breaks.Add(how, 0, false);
                breaks.Add(how, 4, false); // in the middle of the second batch of the store
                breaks.Add(how, 5, true); // while the completions of a batch that was refused are asked for one by one
            }

            return breaks;
        }
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Nothing_is_excluded_and_the_same_call_goes_on_when_the_service_is_back(string how, int after, bool hasCulprit)
    {
        bool isMended = false;
        await using var server = new ScriptedServer(
            (request, body, _) => Task.FromResult(isMended || request < after ? Scored(body, hasCulprit) : Broken(how))
        );
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var model = new HttpRewardModel(
            client,
            new()
            {
                Endpoint = server.Endpoint,
                Identity = "judge 1",
                MaxBatchSize = 4,
            }
        );
        var scorer = new Scorer(new WordPolicy(s_words), model, new ScoringOptions { OnFailure = RewardFailure.Exclude });
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = 6,
            Seed = 3,
            PromptsPerBatch = 2,
            Store = Store,
            Storage = new() { FlushToDisk = false },
        };

        var error = await Assert.ThrowsAsync<RewardModelException>(() => ReferenceTable.EstimateAsync(scorer, s_prompts, options));

        Assert.Contains("fault is the service's", error.Message, StringComparison.Ordinal);
        isMended = true;
        using var table = await ReferenceTable.EstimateAsync(scorer, s_prompts, options);
        Assert.All(
            table.Prompts,
            prompt =>
                Assert.Equal(hasCulprit ? Drawn(prompt.Prompt).Count(completion => completion.Tokens[0] == Culprit) : 0, prompt.Excluded)
        );
        Assert.All(table.Prompts, prompt => Assert.Equal(prompt.Responses.Select(text => (double)Word(text)), prompt.Rewards));
        Assert.All(table.Prompts, prompt => Assert.Equal(6, prompt.Excluded + prompt.Rewards.Length));
    }

    private static IReadOnlyList<Completion> Drawn(Prompt prompt) =>
        new WordPolicy(s_words).Sample([prompt], 6, new DrawSeed(3, DrawPurpose.Reference));

    private static int Word(string text) => text[4] - '0';

    /// <summary>The rewards; where there is a culprit among them, a refusal of them all.</summary>
    private static string Scored(string body, bool hasCulprit)
    {
        int[] words =
        [
            .. JsonDocument
                .Parse(body)
                .RootElement.GetProperty("completions")
                .EnumerateArray()
                .Select(completion => Word(completion.GetProperty("text").GetString()!)),
        ];
        return hasCulprit && words.Contains(Culprit)
            ? Answer("I do not judge that word", "422 Unprocessable")
            : Answer($$"""{"rewards": [{{string.Join(',', words)}}], "model": "judge 1"}""");
    }

    private static string? Broken(string how) =>
        how switch
        {
            "401" or "403" or "404" or "410" or "500" or "503" => Answer("no", $"{how} Broken"),
            "302" or "307" => Answer("", $"{how} Found", "Location: /login\r\n"),
            "302 to a page" => Answer("", "302 Found", "Location: http://127.0.0.1:1/login\r\n"),
            "page" => Answer("<html><body>Please sign in.</body></html>"),
            "model" => Answer("""{"rewards": [1, 1, 1, 1], "model": "judge 2"}"""),
            "count" => Answer("""{"rewards": []}"""),
            "twice" => Answer("""{"rewards": [1, 1, 1, 1], "rewards": [2, 2, 2, 2]}"""),
            "endless" => Answer($"{{\"rewards\": [{new string(' ', 3 << 20)}"),
            _ => null,
        };
}
