using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class KolmogorovDistributionTests
{
    /// <summary>The published critical values of the limit law.</summary>
    [Theory]
    [InlineData(1.2238, 0.10)]
    [InlineData(1.3581, 0.05)]
    [InlineData(1.6276, 0.01)]
    public void Critical_values_come_out(double scaled, double probability) =>
        Assert.Equal(probability, KolmogorovDistribution.UpperTail(scaled / 1e4, 1e8), 1e-4);

    [Fact]
    public void Small_distances_are_certain() => Assert.Equal(1, KolmogorovDistribution.UpperTail(0.01, 50));
}
