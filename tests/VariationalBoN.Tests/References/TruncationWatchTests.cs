using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class TruncationWatchTests
{
    private static readonly Prompt[] s_prompts = ["1 2", "3"];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction((_, text) => text.Length, "length");

    [Fact]
    public async Task Samples_that_are_all_cut_are_noticed_once_while_they_are_drawn()
    {
        var heard = new List<(string Text, long Done)>();
        long done = 0;
        var options = Options(text => heard.Add((text, done))) with { Progress = new Forward(progress => done = progress.SamplesDone) };
        await ReferenceTable.EstimateAsync(new Scorer(Policy(stopTokens: []), s_reward), s_prompts, options);

        (string warning, long before) = Assert.Single(heard);
        Assert.Equal(0, before); // at the first of two batches
        Assert.StartsWith("100% of the first 40 reference samples were cut after 3 tokens", warning, StringComparison.Ordinal);
        Assert.Contains("Raise MaxNewTokens", warning, StringComparison.Ordinal);
        Assert.Contains("StopTokens", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_that_mostly_stop_are_not()
    {
        var heard = new List<string>();
        await ReferenceTable.EstimateAsync(new Scorer(Policy(stopTokens: [0, 1, 2, 3]), s_reward), s_prompts, Options(heard.Add));

        Assert.Empty(heard);
    }

    [Fact]
    public async Task Samples_of_a_server_are_watched_too()
    {
        var heard = new List<string>();
        await ReferenceSamples.EstimateAsync(
            "a server",
            (prompts, count, _, _) =>
                Task.FromResult<IReadOnlyList<Completion>>([
                    .. prompts.SelectMany(prompt =>
                        Enumerable
                            .Range(0, count)
                            .Select(i => new Completion
                            {
                                Prompt = prompt,
                                Text = $"{i}",
                                FinishReason = FinishReason.Length,
                            })
                    ),
                ]),
            s_reward,
            s_prompts,
            Options(heard.Add)
        );

        Assert.StartsWith("100% of the first 40 reference samples were cut, at", Assert.Single(heard), StringComparison.Ordinal);
    }

    private static ReferenceTableOptions Options(Action<string> told) =>
        new()
        {
            SamplesPerPrompt = 40,
            Seed = 1,
            PromptsPerBatch = 1,
            Logger = HeardLog.Warnings(told),
        };

    private static CausalLmPolicy Policy(int[] stopTokens)
    {
        var model = TinyModels.Gpt2().Freeze();
        return new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 3, StopTokens = [.. stopTokens] }
        );
    }

    private sealed class Forward(Action<ReferenceTableProgress> action) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => action(value);
    }
}
