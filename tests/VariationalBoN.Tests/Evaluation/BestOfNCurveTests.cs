using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class BestOfNCurveTests
{
    [Fact]
    public void Points_are_means_over_all_subsets_of_each_prompt()
    {
        double[][] rewards =
        [
            [3, 1, 4, 1, 5],
            [9, 2, 6, 5],
            [3, 5, 8, 9, 7, 9],
        ];
        var curve = BestOfNCurve.FromTable(Table(rewards));

        Assert.Equal(4, curve.MaxN);
        for (int n = 1; n <= 4; n++)
        {
            double[] expected = [.. rewards.Select(prompt => Subsets(prompt, n).Average(subset => subset.Max()))];
            Assert.Equal(expected.Average(), curve[n].Reward.Value, 1e-12);
            Assert.Equal(Estimate.FromObservations(expected).StandardError, curve[n].Reward.StandardError, 1e-12);
            Assert.Equal(
                Estimate.FromObservations(expected.Zip(rewards, (best, all) => best - all.Average())).StandardError,
                curve[n].Gain.StandardError,
                1e-12
            );
            Assert.Equal(n, curve[n].N);
        }

        Assert.Equal(2, BestOfNCurve.FromTable(Table(rewards), maxN: 2).MaxN);
    }

    /// <summary>
    /// 500 tables, seed = table, of P prompts with normal means and skewed (exponential) samples, M = 16: 95 % intervals of the best of 16
    /// = M cover the truth, E[max of 16 exponentials] = H_16 = 3.3807,
    /// within 3.5 binomial standard errors (0.01) of 95 % less what few prompts cost.
    /// </summary>
    [Theory]
    [InlineData(10, 0.905, 0.975)]
    [InlineData(40, 0.92, 0.98)]
    public void Intervals_cover_the_truth_at_every_n(int prompts, double lowest, double highest)
    {
        const int Tables = 500,
            M = 16;
        double truth = Enumerable.Range(1, M).Sum(k => 1.0 / k);
        int covered = 0,
            coveredMean = 0;
        for (int table = 0; table < Tables; table++)
        {
            var mean = new CounterRandom(table, "mean", 0);
            EmpiricalRewardCdf[] cdfs =
            [
                .. Enumerable
                    .Range(0, prompts)
                    .Select(p =>
                    {
                        var random = new CounterRandom(table, "reward", p);
                        return new EmpiricalRewardCdf(Enumerable.Range(0, M).Select(i => mean.Normal(p) - Math.Log(1 - random.Uniform(i))));
                    }),
            ];
            var curve = BestOfNCurve.FromPrompts(cdfs, M, new BootstrapOptions { Resamples = 400, Seed = table });
            covered += curve[M].RewardInterval.Contains(truth) ? 1 : 0;
            coveredMean += curve[1].RewardInterval.Contains(1) ? 1 : 0;
        }

        Assert.InRange(covered / (double)Tables, lowest, highest);
        Assert.InRange(coveredMean / (double)Tables, lowest, highest);
    }

    /// <summary>Against a bootstrap written anew, over 7 values, more than a vector holds:
    /// the same draws, means, sorting and quantiles.</summary>
    [Fact]
    public void Intervals_are_the_widened_percentiles_of_resampled_means()
    {
        double[][] rewards =
        [
            .. Enumerable
                .Range(0, 9)
                .Select(p => (double[])[.. Enumerable.Range(0, 7).Select(i => new CounterRandom(5, "r", p).Normal(i) + p)]),
        ];
        var options = new BootstrapOptions
        {
            Resamples = 203,
            Confidence = 0.9,
            Seed = 3,
        };
        var curve = BestOfNCurve.FromTable(Table(rewards), bootstrap: options);
        for (int n = 1; n <= 7; n++)
        {
            double[] values = [.. rewards.Select(prompt => ExpectedMax.Of([.. prompt.Order()], n))];
            double[] means =
            [
                .. Enumerable
                    .Range(0, 203)
                    .Select(r =>
                        Enumerable
                            .Range(0, 9)
                            .Average(i =>
                                values[(int)(new CounterRandom(new DrawSeed(3, DrawPurpose.Resampling), "prompts", r).Uniform(i) * 9)]
                            )
                    )
                    .Order(),
            ];
            double tail = MathNet.Numerics.Distributions.Normal.CDF(0, 1, -Math.Sqrt(9.0 / 8) * 1.8595480375228424); // t of 8 degrees, 95 %
            Assert.Equal(At(means, (tail * 204) - 1), curve[n].RewardInterval.Lower, 1e-9);
            Assert.Equal(At(means, ((1 - tail) * 204) - 1), curve[n].RewardInterval.Upper, 1e-9);
        }

        static double At(double[] sorted, double position) =>
            sorted[(int)position] + ((position - (int)position) * (sorted[(int)position + 1] - sorted[(int)position]));
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval_and_another_does_not()
    {
        ReferenceTable table = Table([
            [1, 2, 3],
            [2, 5, 9],
            [0, 0, 7],
            [4, 4, 5],
        ]);
        Interval Of(long seed) =>
            BestOfNCurve.FromTable(table, bootstrap: new BootstrapOptions { Seed = seed, Resamples = 100 })[2].RewardInterval;

        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
    }

    [Fact]
    public void One_prompt_or_one_sample_says_nothing_of_others()
    {
        var one = BestOfNCurve.FromTable(
            Table([
                [1, 2, 3],
            ])
        );
        Assert.Equal(new Interval(double.NegativeInfinity, double.PositiveInfinity), one[2].RewardInterval);
        Assert.Equal(double.PositiveInfinity, one[2].Reward.StandardError);
        Assert.Equal(
            1,
            BestOfNCurve
                .FromTable(
                    Table([
                        [1],
                        [2, 3],
                    ])
                )
                .MaxN
        );
    }

    [Fact]
    public void Bad_options_are_named_all_at_once()
    {
        ReferenceTable table = Table([
            [1, 2],
            [3, 4],
        ]);
        string message = Assert
            .Throws<ArgumentException>(() =>
                BestOfNCurve.FromTable(table, bootstrap: new BootstrapOptions { Resamples = 5, Confidence = double.NaN })
            )
            .Message;
        Assert.Contains("Resamples is 5", message);
        Assert.Contains("Confidence is NaN", message);
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNCurve.FromTable(table, maxN: 0));
        Assert.Contains("1 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNCurve.FromTable(table)[3]).Message);
    }

    internal static ReferenceTable Table(double[][] rewards) =>
        new(rewards.Select((prompt, p) => new ReferencePrompt($"prompt {p}", prompt, [])));

    private static IEnumerable<double[]> Subsets(double[] rewards, int n) =>
        Enumerable
            .Range(0, 1 << rewards.Length)
            .Where(set => int.PopCount(set) == n)
            .Select(set => (double[])[.. rewards.Where((_, i) => (set & (1 << i)) != 0)]);
}
