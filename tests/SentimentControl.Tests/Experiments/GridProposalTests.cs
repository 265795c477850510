using MathNet.Numerics.Distributions;
using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.Experiments.Grid;
using VariationalBoN.Numerics;

namespace SentimentControl.Tests.Experiments;

/// <summary>How often a draw of a pool is kept, against all sets of draws that there are.</summary>
[Trait("Tier", "fast")]
public sealed class GridProposalTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_best_of_a_set_is_kept_as_often_as_the_enumeration_of_sets_says(int draws)
    {
        double[] rewards = [3, 1, 2, 2, 5, 4],
            expected = new double[rewards.Length];
        int[][] sets =
        [
            .. Enumerable
                .Range(0, 1 << rewards.Length)
                .Where(set => int.PopCount(set) == draws)
                .Select(set => Enumerable.Range(0, rewards.Length).Where(i => (set & (1 << i)) != 0).ToArray()),
        ];
        foreach (int[] set in sets)
        {
            int[] best = [.. set.Where(i => rewards[i] == set.Max(j => rewards[j]))];
            foreach (int i in best)
                expected[i] += (double)rewards.Length / sets.Length / best.Length;
        }

        double[] kept = KeptDraws.Best(rewards, draws).Weights;
        for (int i = 0; i < rewards.Length; i++)
            Assert.Equal(expected[i], kept[i], 1e-12);
    }

    [Fact]
    public void The_best_of_eight_reference_draws_is_Best_of_8()
    {
        const int N = 8,
            Prompts = 200,
            Pool = 64;
        var numbers = new PromptNumbers[Prompts];
        for (int p = 0; p < Prompts; p++)
        {
            var random = new CounterRandom(new DrawSeed(1, DrawPurpose.Evaluation), "uniform rewards", p);
            double[] rewards = [.. Enumerable.Range(0, Pool).Select(i => random.Uniform(i))]; // so that F(r) = r
            numbers[p] = PromptNumbers.Of(
                KeptDraws.Best(rewards, N),
                i => rewards[i],
                i => rewards[i],
                _ => 0,
                i => Math.Log(N * Math.Pow(rewards[i], N - 1)),
                _ => 1,
                1
            );
        }

        var result = GridProposals.Result(N, N, numbers);

        Assert.Equal(Math.Log(8) - (7.0 / 8), result.Kl.Value, 1e-12); // 1.204; the mean of w log w over a pool says 1.262
        Near(8.0 / 9, result.WinRate);
        Near(0, result.ObjectiveGap!.Value);
        Near(0, result.Distance!.Value);

        static void Near(double truth, Estimate seen)
        {
            Assert.InRange(seen.StandardError, 1e-6, 0.03);
            Assert.InRange(seen.Value, truth - (4 * seen.StandardError), truth + (4 * seen.StandardError));
        }
    }

    [Fact]
    public void By_importance_equal_weights_keep_all_alike_and_a_pair_is_kept_as_enumeration_says()
    {
        Assert.All(KeptDraws.ByImportance([2, 2, 2, 2, 2, 2], draws: 3, seed: 1).Weights, kept => Assert.Equal(1, kept, 1e-12));
        Assert.All(KeptDraws.ByImportance([0, 1, 5, -3], draws: 1, seed: 1).Weights, kept => Assert.Equal(1, kept, 1e-12));

        KeptDraws three = KeptDraws.ByImportance([0, 0, Math.Log(3)], draws: 2, seed: 1); // each half of the others is one draw
        Assert.Equal([0.75, 0.75, 1.5], three.Weights.Select(kept => Math.Round(kept, 12)).ToArray());
        Assert.Contains(
            "at least 3",
            Assert.Throws<ArgumentException>(() => KeptDraws.ByImportance([0, 1], 2, 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "at least 4",
            Assert.Throws<ArgumentException>(() => KeptDraws.Best([0, 1, 2], 4)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() =>
            KeptDraws.ByImportance([double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity], 2, 1)
        );
    }

    [Fact]
    public void The_divergence_by_importance_is_that_of_the_law_where_the_mean_over_the_pool_is_too_large()
    {
        const int Pools = 400,
            Pool = 16,
            Grid = 400;
        double[] law = [.. Enumerable.Range(0, Grid).Select(i => Math.Exp(2 * Normal.InvCDF(0, 1, (i + 0.5) / Grid)))]; // log v ~ N(0, 4)
        double[] exact = [.. law.Select(v => law.Average(other => 2 * v / (v + other)))];
        double truth = exact.Average(w => w * Math.Log(w));

        var seen = new List<double>();
        var plain = new List<double>();
        for (int pool = 0; pool < Pools; pool++)
        {
            var random = new CounterRandom(new DrawSeed(2, DrawPurpose.Evaluation), "normal weights", pool);
            var kept = KeptDraws.ByImportance(
                [.. Enumerable.Range(0, Pool).Select(i => 2 * Normal.InvCDF(0, 1, random.Uniform(i)))],
                draws: 2,
                seed: 3
            );
            Assert.Equal(1, kept.Weights.Average(), 1e-12);
            seen.Add(kept.Divergence);
            plain.Add(kept.Weights.Average(w => w * Math.Log(w)));
        }

        Estimate mended = Estimate.FromObservations(seen),
            biased = Estimate.FromObservations(plain);
        Assert.InRange(mended.Value, truth - (4 * mended.StandardError), truth + (4 * mended.StandardError));
        Assert.True(biased.Value > truth + (4 * biased.StandardError), $"{biased} against {truth}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void The_error_of_the_distance_counts_how_KL_and_win_rate_go_together(int sign)
    {
        const double Kl = 1.204,
            Step = 1e-5;
        double slope = (WinRateCurve.BestOfN(Kl + Step) - WinRateCurve.BestOfN(Kl - Step)) / (2 * Step);
        PromptNumbers[] prompts =
        [
            .. Enumerable.Range(-2, 5).Select(d => new PromptNumbers(0, 0.88 + (sign * slope * d * 0.1), Kl + (d * 0.1), 0, 1, 1)),
        ];

        var result = GridProposals.Result(8, 2, prompts);

        Assert.Equal(WinRateCurve.BestOfN(Kl) - 0.88, result.Distance!.Value.Value, 1e-9);
        // along the curve nothing is left
        Assert.Equal(sign > 0 ? 0 : 2 * result.WinRate.StandardError, result.Distance!.Value.StandardError, 1e-7);
    }

    [Fact]
    public void Ceilings_of_seeds_are_averaged_at_equal_kl_as_far_as_all_reach()
    {
        CeilingPoint[] one = [new(0, 0), new(1, 2), new(3, 4)],
            two = [new(0, 1), new(2, 5)];
        CeilingPoint[] mean = CeilingPoint.Mean([one, two]);
        Assert.Equal((0, 2), (mean[0].Kl, mean[^1].Kl));
        Assert.Equal((0.5, 4), (mean[0].Reward, mean[^1].Reward)); // (0 + 1) / 2; (3 + 5) / 2
        Assert.Equal(2.5, mean.Single(point => point.Kl == 1).Reward, 1e-12); // (2 + 3) / 2
        Assert.Empty(CeilingPoint.Mean([one, []]));
    }

    [Fact]
    public void A_head_is_counted_whole_or_once_for_all_N()
    {
        GridCosts unit = new(10, 0),
            values = new(12, 40);
        Assert.Equal(5.2, values.Alone(unit)!.Value, 1e-12);
        Assert.Equal(2.2, values.Shared(unit, 4)!.Value, 1e-12);
        Assert.Null(values.Alone(null));
        Assert.Null(GridCosts.Of([]));

        GridRun guided = new("grid", Method.Guided, 4, 1, new Variation()),
            other = guided with { Variation = new Variation { ValueWeight = 0.1 } };
        GridRun valued = new("values", Method.VariationalBestOfN, 8, 1, new Variation { Lambda = 0.95 }),
            plain = new("grid", Method.VariationalBestOfN, 16, 1, new Variation());
        RunRecord[] records = [.. new[] { guided, other, valued, valued with { Seed = 2 }, plain }.Select(Record)];
        Assert.Equal(2, GridCosts.Sharing(records, guided)); // N = 4 and 8; N = 16 needs no head
        Assert.Equal(1, GridCosts.Sharing(records, other)); // a head of its own
        Assert.Equal(1, GridCosts.Sharing(records, plain));
    }

    private static RunRecord Record(GridRun run) =>
        new(
            run,
            GridProposals.Result(run.N, 2, [new PromptNumbers(0, 0.6, 0.1, 0, 1, 1), new PromptNumbers(0, 0.7, 0.2, 0, 1, 1)]),
            1,
            0,
            null,
            "",
            []
        );
}
