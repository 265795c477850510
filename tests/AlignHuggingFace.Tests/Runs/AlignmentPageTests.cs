using AlignHuggingFace.Tests.Runs;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace AlignHuggingFace.Tests;

/// <summary>The code of docs/alignment-from-start-to-end.md, run.</summary>
[Trait("Tier", "torch")]
public sealed class AlignmentPageTests(TinyDirectory tiny) : IClassFixture<TinyDirectory>
{
    private static readonly IRewardModel s_long = RewardModel.FromFunction((_, text) => text.Length, "length");
    private static readonly IRewardModel s_words = RewardModel.FromFunction((_, text) => text.Split(' ').Length, "words");

    [Fact]
    public async Task Two_devices_two_judges_and_the_choice_of_N()
    {
        string directory = tiny.Policy,
            store = tiny.New(".db");
        Prompt[] heldOut = ["The film was", "The cast felt"];
        var (device, referenceDevice) = (CPU, CPU);
        var (judge, other) = (s_long, s_words);

        // snippet: two-devices
        using var trained = PretrainedCausalLm.Load(directory, new PretrainedOptions { Device = device });
        using var frozen = PretrainedCausalLm.Load(directory, new PretrainedOptions { Device = referenceDevice });
        frozen.Model.Freeze();
        var generation = new GenerationOptions { MaxNewTokens = 24, StopTokens = trained.StopTokens };
        var policy = new CausalLmPolicy(trained.Model, trained.PromptTokenizer, generation);
        var reference = new CausalLmPolicy(frozen.Model, frozen.PromptTokenizer, generation);
        var scorer = new Scorer(reference, judge); // tokens go in, numbers come out: no tensor passes between the two
        // end snippet

        // snippet: second-judge
        // the sum is that of "judge" alone
        var watched = new WeightedRewardModel(new RewardTerm("judge", judge), new RewardTerm("other", other, Weight: 0));
        var seen = await new Scorer(reference, watched).ScoreAsync(policy.Sample(heldOut, completionsPerPrompt: 16, seed: 1));
        Estimate theOther = Estimate.FromClusters([.. seen.Components["other"].Select(value => value!.Value)], seen.Groups);
        // end snippet

        using (await ReferenceTable.EstimateAsync(scorer, heldOut, new() { SamplesPerPrompt = 32, Store = store }))
            Assert.True(theOther.Value > 0);

        // snippet: choose-n
        using var table = ReferenceTable.Load(store);
        foreach (double n in new[] { 2.0, 4, 8, 16 })
        {
            var report = ReferenceReport.FromTable(table, new ReferenceReportOptions { N = n });
            foreach (var finding in report.Findings)
                Console.WriteLine($"N = {n} {(finding.IsWarning ? "!" : " ")} {finding.Text}");
        }

        // end snippet
        Assert.Equal(heldOut.Length, table.Prompts.Length);
    }
}
