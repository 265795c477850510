using System.Globalization;
using TorchSharp;
using VariationalBoN.Evaluation;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>The code of docs/trusting-a-judge.md.</summary>
[Trait("Tier", "torch")]
public sealed class TrustSnippets
{
    [Fact]
    public async Task The_program_of_the_page_finds_the_threshold_stops_early_and_alarms()
    {
        using var console = new StringWriter(CultureInfo.InvariantCulture);

        (RewardHackingReport report, EarlyStoppedAnswers answers, JudgeWatch watch) = await Program(console);

        // Enumerated over the 512 answers: the second judge's mean is highest at n = 5.6 and at n = 2 it gains .96.
        Assert.True(report.ThresholdInterval.Contains(5.6), $"{report.ThresholdInterval}");
        Assert.Equal(.96, report.Points.Single(point => point.N == 2).Gain.Value, .1);
        Assert.InRange(answers.DrawsSaved, 24, 24 * 7);
        Assert.True(watch.Readings[^1].IsAlarm, string.Join('\n', watch.Readings));
        Assert.False(watch.Readings[1].IsAlarm);
        Assert.Contains("exploits the first judge", console.ToString(), StringComparison.Ordinal);
    }

    private static async Task<(RewardHackingReport Report, EarlyStoppedAnswers Answers, JudgeWatch Watch)> Program(TextWriter console)
    {
        // snippet: program
        // An answer is three letters, a to h as 0 to 7. The judge adds them up; the other one sees that an h is worth nothing.
        Prompt[] prompts = Prompt.FromTexts(Enumerable.Range(0, 24).Select(i => $"question {i}"));
        IRewardModel judge = RewardModel.FromFunction(answer => answer.Tokens.Sum(), "sum of letters");
        IRewardModel other = RewardModel.FromFunction(answer => answer.Tokens.Where(letter => letter < 7).Sum(), "sum without h");
        using var policy = new TabularPolicy(prompts, vocabularySize: 8, length: 3);
        using var reference = policy.CloneFrozen();
        var scorer = new Scorer(reference, judge);
        ReferenceTable table = await ReferenceTable.EstimateAsync(scorer, prompts, samplesPerPrompt: 64, seed: 1);

        // 1. Up to which N does the judge help, by the other one?
        ReferenceTable judged = await table.WithComponentAsync("other", other);
        var report = RewardHackingReport.FromTable(judged, "other", new RewardHackingOptions { N = 8 });
        console.WriteLine(report);

        // 2. At most 8 draws, fewer where one more is not worth .3 of reward.
        var stopping = new EarlyStopping(table, costPerDraw: .3);
        EarlyStoppedAnswers answers = await new BestOfNSampler(reference, judge).SampleUntilGoodEnoughAsync(
            prompts,
            n: 8,
            stopping,
            seed: 1
        );
        console.WriteLine(answers);

        // 3. Training towards far too large an N, watched. (A table has no held-out prompts: it learns each by itself.)
        var watch = new JudgeWatch(scorer, other, prompts, new JudgeWatchOptions { CompletionsPerPrompt = 32 });
        var objective = new ExactObjective(table.BestOf(n: 64));
        using var adam = new AdamW(policy.Parameters, learningRate: .1);
        for (int step = 0; ; step++)
        {
            if (step % 10 == 0)
            {
                JudgeWatchReading look = await watch.LookAsync(policy, step);
                console.WriteLine(look);
                if (look.IsAlarm || step == 100)
                    break;
            }

            ScoredBatch scored = await scorer.ScoreAsync(policy.Sample(prompts, completionsPerPrompt: 16, seed: step));
            using var scope = torch.NewDisposeScope();
            var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }
        // end snippet

        return (report, answers, watch);
    }

    [Fact]
    public void A_win_rate_at_equal_length_of_the_page()
    {
        double[] won = [1, 1, 0, 1, .5, 0];
        double[] longer = [12, 30, -4, 25, 0, -9];
        int[] prompt = [0, 0, 1, 1, 2, 2];
        // snippet: length
        // 1, 0.5 or 0; own length minus the other's; a label for each prompt
        LengthControlledWinRate rate = LengthControlledWinRate.Of(won, longer, prompt);
        Console.WriteLine(rate); // the win rate at equal length, with its interval
        // end snippet
        Assert.True(rate.Controlled < rate.WinRate.Value);
    }

    [Fact]
    public async Task A_judge_of_answers_without_thinking_of_the_page()
    {
        IRewardModel judge = RewardModel.FromFunction((_, text) => text.Length, "length");
        // snippet: thinking
        IRewardModel answersAlone = judge.WithoutThinking(new ThinkingOptions { MaxCharacters = 2_000, RewardOverBudget = -10 });
        // end snippet
        Assert.Equal(
            [3],
            await answersAlone.ScoreAsync([new Completion { Prompt = "q", Text = "<think>hm</think>Yes" }], CancellationToken.None)
        );
    }
}
