using VariationalBoN.Evaluation;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class RankCalibrationTests
{
    /// <summary>1,000 tables of samples that are exchangeable: the test at 5 % rejects 2 to 7 % of them
    /// (it is a little cautious for few samples), with and without ties.</summary>
    [Theory]
    [InlineData(12, 16, 0)]
    [InlineData(12, 16, 3)]
    [InlineData(30, 5, 0)]
    [InlineData(2, 64, 2)]
    public void Good_tables_pass_as_often_as_they_should(int prompts, int samples, int levels)
    {
        const int Tables = 1000;
        RankCalibration[] results =
        [
            .. Enumerable
                .Range(0, Tables)
                .Select(table => RankCalibration.FromTable(Table(prompts, samples, levels, table, (_, u) => u), table)),
        ];

        Assert.InRange(results.Count(result => result.PValue < 0.05) / (double)Tables, 0.015, 0.07);
        var mean = Estimate.FromObservations(results.Select(result => result.MeanRank.Value));
        Assert.InRange(mean.Value, 0.5 - (4 * mean.StandardError), 0.5 + (4 * mean.StandardError));
        for (int bin = 0; bin < 10; bin++)
        {
            var share = Estimate.FromObservations(results.Select(result => result.Bins[bin]));
            Assert.InRange(share.Value, 0.1 - (4 * share.StandardError), 0.1 + (4 * share.StandardError));
        }
    }

    /// <summary>20 prompts of 64 samples: a drift of the later half, a change of its spread and a sorted file are all found.</summary>
    [Fact]
    public void Damaged_tables_are_found()
    {
        var drift = RankCalibration.FromTable(Table(20, 64, 0, 1, (late, u) => late ? u + 0.15 : u));
        Assert.InRange(drift.PValue, 0, 1e-4);
        Assert.InRange(drift.MeanRank.Value, 0.6, 0.7);
        Assert.InRange(RankCalibration.FromTable(Table(20, 64, 0, 2, (late, u) => late ? 0.5 + ((u - 0.5) * 0.5) : u)).PValue, 0, 1e-4);
        var sorted = RankCalibration.FromTable(
            new ReferenceTable(
                Enumerable.Range(0, 5).Select(p => new ReferencePrompt($"{p}", Enumerable.Range(0, 10).Select(i => (double)i), []))
            )
        );
        Assert.InRange(sorted.PValue, 0, 1e-4);
        Assert.InRange(sorted.MeanRank.Value, 0.9, 1);
    }

    [Fact]
    public void Shares_and_counts_add_up_and_one_sample_is_not_enough()
    {
        var result = RankCalibration.FromTable(Table(3, 7, 0, 1, (_, u) => u));
        Assert.Equal(12, result.HeldOut);
        Assert.Equal(1, result.Bins.Sum(), 1e-12);
        // no distance to the uniform law is below that at the ends of a tenth, nor below half of 1 / ranks
        double atTenths = Enumerable.Range(1, 9).Max(tenths => Math.Abs(result.Bins.Take(tenths).Sum() - (tenths / 10.0)));
        Assert.InRange(result.Distance, Math.Max(atTenths, 1.0 / 24) - 1e-12, 1);
        Assert.Contains(
            "two samples",
            Assert
                .Throws<ArgumentException>(() =>
                    RankCalibration.FromTable(
                        BestOfNCurveTests.Table([
                            [1],
                            [2],
                        ])
                    )
                )
                .Message
        );
    }

    private static ReferenceTable Table(int prompts, int samples, int levels, int seed, Func<bool, double, double> change) =>
        new(
            Enumerable
                .Range(0, prompts)
                .Select(p =>
                {
                    var random = new CounterRandom(seed, "samples", p);
                    return new ReferencePrompt(
                        $"prompt {p}",
                        Enumerable
                            .Range(0, samples)
                            .Select(i =>
                            {
                                double reward = change(i >= samples / 2, random.Uniform(i));
                                return levels == 0 ? reward : Math.Floor(reward * levels);
                            }),
                        []
                    );
                })
        );
}
