namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class EstimateTests
{
    [Fact]
    public void Observations_give_mean_and_standard_error()
    {
        var estimate = Estimate.FromObservations([1, 2, 3, 4]);

        Assert.Equal(2.5, estimate.Value);
        Assert.Equal(Math.Sqrt(5.0 / 3 / 4), estimate.StandardError, 15);
        Assert.Equal(double.PositiveInfinity, Estimate.FromObservations([7]).StandardError);
        Assert.Throws<ArgumentException>(() => Estimate.FromObservations([]));
    }

    [Fact]
    public void Clusters_of_one_are_observations()
    {
        double[] values = [1, 5, 2, 8, 3];

        Assert.Equal(Estimate.FromObservations(values).StandardError, Estimate.FromClusters(values, [0, 1, 2, 3, 4]).StandardError, 14);
    }

    /// <summary>2,000 simulations of 40 clusters of 8 with a shared part: 95 % intervals cover 92 to 97 %, those that ignore clusters below 75 %.</summary>
    [Fact]
    public void Clustered_errors_cover_where_plain_errors_do_not()
    {
        const int Simulations = 2000, Clusters = 40, Size = 8;
        int covered = 0, coveredPlain = 0;
        int[] clusters = [.. Enumerable.Range(0, Clusters * Size).Select(i => i / Size)];
        for (int s = 0; s < Simulations; s++)
        {
            var shared = new CounterRandom(1, "shared", s);
            var own = new CounterRandom(1, "own", s);
            double[] values = [.. clusters.Select((cluster, i) => shared.Normal(cluster) + own.Normal(i))];
            covered += Covers(Estimate.FromClusters(values, clusters));
            coveredPlain += Covers(Estimate.FromObservations(values));
        }

        Assert.InRange(covered / (double)Simulations, .92, .97);
        Assert.InRange(coveredPlain / (double)Simulations, 0, .75);

        static int Covers(Estimate estimate) => Math.Abs(estimate.Value) <= 1.96 * estimate.StandardError ? 1 : 0;
    }
}
