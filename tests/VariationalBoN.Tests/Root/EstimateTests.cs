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

    /// <summary>Numbers whose sums and squares overflow: what small ones give, times their factor.</summary>
    [Theory]
    [InlineData(9.332636185032189E-302)]
    [InlineData(1)]
    [InlineData(1.1235582092889474E+307)]
    public void The_size_of_numbers_does_not_matter(double factor)
    {
        double[] values = [1.5, -1.25, 1.75, 1.75, 0.5];
        int[] clusters = [0, 0, 1, 1, 2];
        Estimate one = Estimate.FromObservations(values),
            many = Estimate.FromClusters(values, clusters);
        double[] scaled = [.. values.Select(value => value * factor)];
        Assert.Equal(one.Value, Estimate.FromObservations(scaled).Value / factor, 1e-14);
        Assert.Equal(many.Value, Estimate.FromClusters(scaled, clusters).Value / factor, 1e-14);
        if (factor >= 1) // squares of smaller ones are 0
        {
            Assert.Equal(one.StandardError, Estimate.FromObservations(scaled).StandardError / factor, 1e-14);
            Assert.Equal(many.StandardError, Estimate.FromClusters(scaled, clusters).StandardError / factor, 1e-14);
        }

        double[] largest = [.. Enumerable.Repeat(double.MaxValue, 9)];
        Assert.Equal(1, Estimate.FromClusters(largest, [.. Enumerable.Range(0, 9)]).Value / double.MaxValue, 1e-15);
        Estimate opposite = Estimate.FromObservations([double.MaxValue, -double.MaxValue]);
        Assert.Equal((0, 1), (opposite.Value, opposite.StandardError / double.MaxValue));
    }

    [Fact]
    public void Clusters_of_one_are_observations()
    {
        double[] values = [1, 5, 2, 8, 3];

        Assert.Equal(Estimate.FromObservations(values).StandardError, Estimate.FromClusters(values, [0, 1, 2, 3, 4]).StandardError, 14);
    }

    /// <summary>2,000 simulations of 40 clusters of 8 with a shared part:
    /// 95 % intervals cover 92 to 97 %, those that ignore clusters below 75 %.</summary>
    [Fact]
    public void Clustered_errors_cover_where_plain_errors_do_not()
    {
        const int Simulations = 2000,
            Clusters = 40,
            Size = 8;
        int covered = 0,
            coveredPlain = 0;
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
