using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>Where KL goes, in worlds of words whose every divergence is known:
/// with ties, without, and where nothing or everything moves ranks.</summary>
[Trait("Tier", "torch")]
public sealed class RankDivergenceTests
{
    private const int Words = 640;
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 8).Select(p => (Prompt)$"prompt {p}")];
    private static readonly double[] s_uniform = [.. Enumerable.Repeat(1.0 / Words, Words)];

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public async Task Without_ties_it_is_the_binned_divergence_of_the_ranks(double n)
    {
        double[] best = [.. Enumerable.Range(0, Words).Select(w => Math.Pow((w + 1.0) / Words, n) - Math.Pow((double)w / Words, n))];
        var report = await ReportAsync(s_uniform, best, w => w, samples: 2000, completions: 500);

        Assert.Equal(RankDivergence.MaxBins, report.Ranks.Bins);
        double exact = Enumerable.Range(0, 32).Sum(b => Term(Math.Pow((b + 1) / 32.0, n) - Math.Pow(b / 32.0, n), 1 / 32.0));
        Near(exact, report.Ranks.Kl);
        Near(report.Kl.Value - exact, report.Ranks.Outside);
        Assert.InRange(report.Ranks.Kl.StandardError, 1e-3, 0.05);

        // Best-of-n lies on its curve and under the ceiling by the known distance.
        double kl = BestOfNMath.KlUpperBound(n);
        Near(0, report.CurveDistance);
        Near(WinRateCurve.Ceiling(kl) - (n / (n + 1)), report.CeilingDistance);
    }

    [Fact]
    public async Task What_moves_no_rank_lies_outside()
    {
        // Even words say what odd ones say: the policy says even ones alone, which costs log 2 and wins nothing.
        double[] even = [.. Enumerable.Range(0, Words).Select(w => w % 2 == 0 ? 2.0 / Words : 1e-12)];
        var report = await ReportAsync(s_uniform, even, w => w / 2, samples: 1000, completions: 500);

        Assert.InRange(report.Ranks.Kl.Value, 0, 4 * report.Ranks.Kl.StandardError);
        Near(Math.Log(2), report.Ranks.Outside);
        Near(WinRateCurve.BestOfN(Math.Log(2)) - 0.5, report.CurveDistance);
    }

    [Fact]
    public async Task With_ties_it_is_the_divergence_of_the_levels()
    {
        double[] reference = [0.4, 0.3, 0.2, 0.06, 0.04],
            policy = [0.1, 0.2, 0.3, 0.3, 0.1];
        var separate = await ReportAsync(reference, policy, w => w, samples: 4000, completions: 1000);
        double all = reference.Zip(policy).Sum(pair => Term(pair.Second, pair.First));
        Near(all, separate.Ranks.Kl);
        Near(0, separate.Ranks.Outside);

        // Three words of one reward: the divergence among them changes no rank.
        var merged = await ReportAsync(reference, policy, w => w < 3 ? 0 : w, samples: 4000, completions: 1000);
        double levels = Term(0.6, 0.9) + Term(0.3, 0.06) + Term(0.1, 0.04);
        Near(levels, merged.Ranks.Kl);
        Near(all - levels, merged.Ranks.Outside);
    }

    [Fact]
    public async Task The_reference_itself_has_none_and_the_correction_is_why()
    {
        double sum = 0;
        for (int seed = 1; seed <= 20; seed++)
        {
            var report = await ReportAsync(s_uniform, s_uniform, w => w, samples: 500, completions: 20, seed);
            Assert.Equal(0, report.Kl.Value);
            sum += report.Ranks.Kl.Value;
        }

        // 160 completions in 32 bins: counts alone would say 31 / 320 = 0.097 nats.
        Assert.InRange(sum / 20, 0, 0.03);
    }

    [Fact]
    public async Task Few_samples_leave_no_bias_for_the_reference_itself()
    {
        var reference = new WordPolicy(s_uniform);
        var scorer = new Scorer(reference, RewardModel.FromFunction(c => c.Tokens[0], "word"));
        Prompt[] prompts = [.. Enumerable.Range(0, 2000).Select(p => (Prompt)$"prompt {p}")];
        var table = await ReferenceTable.EstimateAsync(scorer, prompts, samplesPerPrompt: 16, seed: 1);
        var report = await new Evaluator(scorer, table).EvaluateAsync(reference, prompts, 10, seed: 2);
        Assert.Equal(20_000, report.Completions);
        Assert.InRange(report.Ranks.Kl.Value, 0, 0.003);
    }

    [Fact]
    public async Task One_prompt_has_errors_over_completions_and_few_samples_few_bins()
    {
        var reference = new WordPolicy(s_uniform);
        var scorer = new Scorer(reference, RewardModel.FromFunction(WordPolicy.Reward, "word"));
        var table = await ReferenceTable.EstimateAsync(scorer, ["a"], samplesPerPrompt: 20, seed: 1);
        var report = await new Evaluator(scorer, table).EvaluateAsync(reference, ["a"], 200, seed: 1);

        Assert.Equal(10, report.Ranks.Bins);
        Assert.InRange(report.Ranks.Kl.StandardError, 1e-4, 0.2);
        Assert.Contains("KL of the ranks (F)", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("under the ceiling", report.ToString(), StringComparison.Ordinal);
    }

    private static async Task<EvaluationReport> ReportAsync(
        double[] reference,
        double[] policy,
        Func<int, double> reward,
        int samples,
        int completions,
        long seed = 3
    )
    {
        var scorer = new Scorer(new WordPolicy(reference), RewardModel.FromFunction(c => reward(c.Tokens[0]), "word"));
        var table = await ReferenceTable.EstimateAsync(scorer, s_prompts, samples, seed);
        return await new Evaluator(scorer, table).EvaluateAsync(new WordPolicy(policy), s_prompts, completions, seed);
    }

    private static double Term(double p, double q) => p * Math.Log(p / q);

    private static void Near(double expected, Estimate actual) =>
        Assert.InRange(actual.Value, expected - (4 * actual.StandardError) - 0.005, expected + (4 * actual.StandardError) + 0.005);
}
