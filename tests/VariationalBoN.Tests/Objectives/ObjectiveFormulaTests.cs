using VariationalBoN.BestOfN;
using VariationalBoN.Objectives;

namespace VariationalBoN.Tests.Objectives;

/// <summary>The objectives that are one formula, against it, and what they refuse.</summary>
[Trait("Tier", "fast")]
public sealed class ObjectiveFormulaTests
{
    private const double Below = 0.3,
        AtOrBelow = 0.45,
        LogReference = -3.5;

    private static readonly ScoredCompletion s_completion = new(
        new Completion
        {
            Prompt = "x",
            Text = "y",
            Tokens = [1],
        },
        1.25,
        LogReference
    );

    [Theory]
    [InlineData(CdfSide.Strict, Below)]
    [InlineData(CdfSide.Midpoint, (Below + AtOrBelow) / 2)]
    [InlineData(CdfSide.AtOrBelow, AtOrBelow)]
    public void The_bound_is_log_N_and_N_minus_1_times_the_logarithm_of_F_and_log_pi_ref(CdfSide side, double cdf)
    {
        foreach (double n in new[] { 1.5, 2, 8, 64 })
        {
            var objective = new LowerBoundObjective(Known(n), side);
            Assert.Equal(Math.Log(n) + ((n - 1) * Math.Log(cdf)) + LogReference, objective.LogTarget(s_completion), 1e-12);
        }
    }

    [Fact]
    public void The_bound_for_one_draw_is_the_reference_also_where_F_is_0()
    {
        foreach (CdfSide side in Enum.GetValues<CdfSide>())
            Assert.Equal(LogReference, new LowerBoundObjective(Known(1, 0, 0), side).LogTarget(s_completion));
    }

    [Fact]
    public void A_bound_of_minus_infinity_names_prompt_reward_and_the_way_out()
    {
        string strict = Assert
            .Throws<ArithmeticException>(() => new LowerBoundObjective(Known(4, 0, 0.2), CdfSide.Strict).LogTarget(s_completion))
            .Message;
        string both = Assert
            .Throws<ArithmeticException>(() => new LowerBoundObjective(Known(4, 0, 0), CdfSide.AtOrBelow).LogTarget(s_completion))
            .Message;

        foreach (string message in new[] { strict, both })
        {
            Assert.Contains("\"x\"", message, StringComparison.Ordinal);
            Assert.Contains("1.25", message, StringComparison.Ordinal);
            Assert.Contains("an empirical distribution", message, StringComparison.Ordinal);
        }

        Assert.Contains("CdfSide.Midpoint", strict, StringComparison.Ordinal);
        Assert.DoesNotContain("CdfSide.Midpoint", both, StringComparison.Ordinal);
        Assert.Throws<ArithmeticException>(() => new LowerBoundObjective(Known(4, 0, 0)).LogTarget(s_completion));
    }

    [Fact]
    public void A_side_that_is_none_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>("side", () => new LowerBoundObjective(Known(4), (CdfSide)7));

    [Theory]
    [InlineData(0.5)]
    [InlineData(3)]
    public void KL_constrained_RL_is_reward_by_beta_and_log_pi_ref(double beta) =>
        Assert.Equal((1.25 / beta) + LogReference, new GibbsObjective(beta).LogTarget(s_completion), 1e-12);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_beta_that_is_not_finite_and_above_0_is_refused(double beta) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(beta), () => new GibbsObjective(beta));

    [Fact]
    public void A_log_density_is_log_pi_ref_and_the_log_ratio()
    {
        var known = Known(4);
        Assert.Equal(LogReference + known.LogRatio(s_completion), ((IBoNDistribution)known).LogDensity(s_completion), 1e-12);
        double p = AtOrBelow - Below; // the level as a whole goes from F_lt^N to F_le^N
        Assert.Equal(Math.Log((Math.Pow(AtOrBelow, 4) - Math.Pow(Below, 4)) / p), known.LogRatio(s_completion), 1e-12);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_known_distribution_refuses_an_N_that_is_not_finite_or_below_1(double n) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => Known(n));

    [Fact]
    public void A_known_distribution_refuses_rewards_that_are_not_finite() =>
        Assert.Throws<ArgumentOutOfRangeException>("reward", () => Known(4).LogCdf("x", double.NaN));

    [Fact]
    public void A_completion_more_probable_than_its_level_is_refused_up_to_rounding()
    {
        double level = Math.Log(AtOrBelow - Below);
        Assert.True(double.IsFinite(Known(4).LogRatio(s_completion with { LogReference = level + 1e-10 })));
        Assert.Throws<ArgumentOutOfRangeException>(
            "completion",
            () => Known(4).LogRatio(s_completion with { LogReference = level + 1e-6 })
        );
    }

    private static KnownCdfBoNDistribution Known(double n, double below = Below, double atOrBelow = AtOrBelow) =>
        new((_, _) => new LogCdfPair(Math.Log(below), Math.Log(atOrBelow)), n);
}
