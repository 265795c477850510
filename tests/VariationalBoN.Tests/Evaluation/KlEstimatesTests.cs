using VariationalBoN.Evaluation;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>The estimators against a world of 27 sequences whose divergence is a sum.</summary>
[Trait("Tier", "torch")]
public sealed class KlEstimatesTests
{
    private static readonly EnumerableWorld s_world = new(3, 3, Logits(1), [.. Enumerable.Range(0, 27).Select(y => (double)(y % 5))], n: 4);

    /// <summary>20,000 completions, seed 7: every estimator within 4 of its own standard errors of its enumerated mean;
    /// stepwise has the smallest error, k2 is biased.</summary>
    [Fact]
    public async Task One_evaluation_gives_all_estimators_and_each_is_right()
    {
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 3, 3, Logits(2));
        using var start = s_world.Reference();
        using var reference = start.CloneFrozen();
        var scorer = new Scorer(reference, s_world.RewardModel());
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, s_world.RewardModel()), [EnumerableWorld.Prompt], 64, seed: 1);
        var report = await new Evaluator(scorer, table).EvaluateAsync(policy, [EnumerableWorld.Prompt], 20_000, seed: 7);

        double[] logPolicy = s_world.LogProbs(Logits(2));
        double truth = EnumerableWorld.Kl(logPolicy, s_world.LogReference);
        double k2 = Enumerable.Range(0, 27).Sum(y => Math.Exp(logPolicy[y]) * Math.Pow(logPolicy[y] - s_world.LogReference[y], 2) / 2);
        KlEstimates estimates = report.KlEstimates;
        Within(truth, estimates.K1);
        Within(truth, estimates.K3);
        Within(truth, estimates.Stepwise!.Value);
        Within(k2, estimates.K2);
        Assert.True(Math.Abs(k2 - truth) > 10 * estimates.K2.StandardError);
        Assert.True(estimates.Stepwise.Value.StandardError < Math.Min(estimates.K1.StandardError, estimates.K3.StandardError));
        Assert.Equal((KlEstimator.Stepwise, estimates.Stepwise.Value), (report.KlEstimator, report.Kl));
        Assert.Contains("KL to reference (k1)", report.ToString());
        Assert.Contains("KL to reference (stepwise)", report.ToString());

        static void Within(double expected, Estimate estimate)
        {
            Assert.InRange(estimate.StandardError, 1e-6, 0.05);
            Assert.InRange(estimate.Value, expected - (4 * estimate.StandardError), expected + (4 * estimate.StandardError));
        }
    }

    [Fact]
    public void A_training_loop_gets_what_the_evaluator_gets_from_the_same_log_ratios()
    {
        double[] logRatios = [0.5, -0.2, 1.5, 0.1];
        int[] groups = [0, 0, 1, 1];
        var estimates = KlEstimates.FromLogRatios(logRatios, groups);

        Assert.Equal(Estimate.FromClusters(logRatios, groups), estimates.K1);
        Assert.Equal(Estimate.FromClusters([.. logRatios.Select(d => d * d / 2)], groups), estimates.K2);
        Assert.Equal(logRatios.Average(d => Math.Exp(-d) - 1 + d), estimates.K3.Value, 1e-14);
        Assert.Equal(KlEstimator.K1, estimates.Best);
        Assert.Contains("K1", Assert.Throws<InvalidOperationException>(() => estimates[KlEstimator.Stepwise]).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => estimates[(KlEstimator)9]);
        Assert.Equal((estimates.K2, estimates.K3), (estimates[KlEstimator.K2], estimates[KlEstimator.K3]));
        Assert.Equal("k1 0.475 ± 0.325, k2 0.319 ± 0.246, k3 0.214 ± 0.150", estimates.ToString());
    }

    [Fact]
    public void What_the_reference_cannot_say_makes_the_divergence_infinite()
    {
        var estimates = KlEstimates.FromLogRatios([0.5, double.PositiveInfinity, 0.1], [0, 0, 1]);

        Assert.Equal(new Estimate(double.PositiveInfinity, double.PositiveInfinity, 2), estimates.K1);
        Assert.Equal(estimates.K1, estimates.K3);
        Assert.Throws<ArgumentOutOfRangeException>(() => KlEstimates.FromLogRatios([double.NaN], [0]));
        Assert.Throws<ArgumentException>(() => KlEstimates.FromLogRatios([], []));
        Assert.Throws<ArgumentException>(() => KlEstimates.FromLogRatios([1, 2], [0]));
    }

    private static double[] Logits(int seed) =>
        [.. Enumerable.Range(0, 13 * 3).Select(i => new CounterRandom(seed, "logits", 0).Normal(i))];
}
