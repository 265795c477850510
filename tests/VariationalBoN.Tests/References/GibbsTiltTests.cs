using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class GibbsTiltTests
{
    private static readonly ReferenceTable s_two = new([
        new ReferencePrompt("x", [0.0, 2.0], []),
        new ReferencePrompt("y", [0.0, 2.0, 2, 2], []),
    ]);

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.3)]
    [InlineData(0.6)]
    public void Beta_gives_the_divergence_asked_for(double kl)
    {
        double beta = GibbsTilt.BetaForKl(s_two, ["x"], kl);

        double high = 1 / (1 + Math.Exp(-2 / beta)),
            low = 1 - high; // exp(r / beta) over its sum
        Assert.Equal(kl, (high * Math.Log(2 * high)) + (low * Math.Log(2 * low)), 1e-9);
        Assert.Equal(kl, GibbsTilt.Kl(s_two, ["x"], beta), 1e-12);
    }

    [Theory]
    [InlineData(1e-9)]
    [InlineData(1e12)]
    public void Beta_is_in_the_unit_of_the_rewards(double unit)
    {
        var table = new ReferenceTable([new ReferencePrompt("x", [0.0, 2.0 * unit], [])]);

        double beta = GibbsTilt.BetaForKl(table, ["x"], 0.3);

        Assert.Equal(1, beta / (unit * GibbsTilt.BetaForKl(s_two, ["x"], 0.3)), 1e-9);
    }

    [Fact]
    public void The_divergence_is_averaged_over_prompts()
    {
        double beta = GibbsTilt.BetaForKl(s_two, ["x", "y"], 0.2);

        Assert.Equal(0.2, (GibbsTilt.Kl(s_two, ["x"], beta) + GibbsTilt.Kl(s_two, ["y"], beta)) / 2, 1e-12);
        Assert.Equal((Math.Log(2) + Math.Log(4 / 3.0)) / 2, GibbsTilt.LargestKl(s_two, ["x", "y"]), 1e-12);
    }

    [Fact]
    public void A_divergence_that_the_samples_cannot_show_is_refused_with_what_they_can()
    {
        foreach (double kl in (double[])[Math.Log(2), 0.7, 5])
        {
            string message = Assert.Throws<ArgumentOutOfRangeException>(() => GibbsTilt.BetaForKl(s_two, ["x"], kl)).Message;
            Assert.Contains("0.693147", message, StringComparison.Ordinal);
            Assert.Contains("Draw more samples per prompt", message, StringComparison.Ordinal);
        }

        var equal = new ReferenceTable([new ReferencePrompt("x", [1.0, 1], [])]);
        Assert.Throws<ArgumentOutOfRangeException>(() => GibbsTilt.BetaForKl(equal, ["x"], 0.01));
    }

    [Fact]
    public void Bad_input_is_named()
    {
        foreach (double bad in (double[])[0, -1, double.NaN, double.PositiveInfinity])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => GibbsTilt.BetaForKl(s_two, ["x"], bad));
            Assert.Throws<ArgumentOutOfRangeException>(() => GibbsTilt.Kl(s_two, ["x"], bad));
        }

        Assert.Throws<ArgumentException>(() => GibbsTilt.BetaForKl(s_two, [], 0.1));
        Assert.Throws<KeyNotFoundException>(() => GibbsTilt.LargestKl(s_two, ["z"]));
    }
}
