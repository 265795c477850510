using VariationalBoN.Objectives;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Training;

/// <summary>Published figures of two small worlds, by enumeration.</summary>
[Trait("Tier", "fast")]
public sealed class KnownWorldTests
{
    [Theory]
    [InlineData(2, .1893, .00398)]
    [InlineData(4, .6288, .00203)]
    [InlineData(8, 1.1775, .00116)]
    public void Ten_equal_atoms(double n, double klToReference, double klOfUpperCompanion)
    {
        var world = EnumerableWorld.OfAtoms([.. Enumerable.Repeat(0.1, 10)], [.. Enumerable.Range(0, 10).Select(i => (double)i)], n);

        Assert.Equal(klToReference, EnumerableWorld.Kl(world.LogBestOfN, world.LogReference), 4);
        Assert.Equal(
            klOfUpperCompanion,
            EnumerableWorld.Kl(world.LogTarget(new LowerBoundObjective(world.BestOfN, CdfSide.AtOrBelow)), world.LogBestOfN),
            5
        );
        Assert.True(klToReference < Math.Log(n) - ((n - 1) / n));
    }

    [Theory]
    [InlineData(2, .15766)]
    [InlineData(4, .59266)]
    [InlineData(8, 1.1531)]
    public void Five_atoms(double n, double klToReference)
    {
        var world = EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 2, 3, 4], n);

        Assert.Equal(klToReference, EnumerableWorld.Kl(world.LogBestOfN, world.LogReference), 4);
        if (n == 2)
        {
            double[] expected = [.16, .33, .2325, .18, .0975];
            for (int i = 0; i < 5; i++)
                Assert.Equal(expected[i], Math.Exp(world.LogBestOfN[i]), 12);
        }
    }

    [Fact]
    public void Strict_bound_is_refused_where_nothing_lies_below()
    {
        var world = EnumerableWorld.OfAtoms([.5, .5], [0, 1], n: 2);

        var error = Assert.Throws<ArithmeticException>(() => world.LogTarget(new LowerBoundObjective(world.BestOfN, CdfSide.Strict)));

        Assert.Contains("F_lt = 0", error.Message, StringComparison.Ordinal);
    }
}
