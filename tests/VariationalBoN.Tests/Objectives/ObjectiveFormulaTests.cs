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

    [Fact]
    public void A_null_is_refused_by_its_name()
    {
        Assert.Throws<ArgumentNullException>("inner", () => new ClippedObjective(null!, -1));
        Assert.Throws<ArgumentNullException>("scored", () => new GibbsObjective(1).LogTargets(null!));
    }

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
    public void The_exact_objective_is_N_independent_draws_of_the_level_and_log_pi_ref()
    {
        double p = AtOrBelow - Below; // the level as a whole goes from F_lt^N to F_le^N
        foreach (double n in new[] { 1.5, 2, 8 })
            Assert.Equal(
                LogReference + Math.Log((Math.Pow(AtOrBelow, n) - Math.Pow(Below, n)) / p),
                new ExactObjective(Known(n)).LogTarget(s_completion),
                1e-12
            );
    }

    [Fact]
    public void The_bound_with_half_of_the_lowest_level_is_finite_and_the_default()
    {
        var objective = new LowerBoundObjective(Known(4, 0, 0.2));
        Assert.Equal(CdfSide.Midpoint, objective.Side);
        Assert.Equal(Math.Log(4) + (3 * Math.Log(0.1)) + LogReference, objective.LogTarget(s_completion), 1e-12);
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(5)]
    public void The_tilt_is_c_times_F_with_half_of_the_level_and_log_pi_ref(double c)
    {
        var objective = new CalibratedTiltObjective(Known(4), c);
        Assert.Equal(c, objective.C);
        Assert.Equal(LogReference + (c * (Below + AtOrBelow) / 2), objective.LogTarget(s_completion), 1e-12);
    }

    [Fact]
    public void A_tilt_of_0_is_the_reference_and_asks_nothing_of_the_distribution()
    {
        var none = new KnownCdfBoNDistribution((_, _) => throw new KeyNotFoundException(), 4);
        Assert.Equal(LogReference, new CalibratedTiltObjective(none, 0).LogTarget(s_completion));
        Assert.Throws<KeyNotFoundException>(() => new CalibratedTiltObjective(none, 1e-9).LogTarget(s_completion));
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(-100)]
    public void A_log_ratio_is_cut_at_the_floor_and_above_it_left_as_it_is(double floor)
    {
        foreach (double reward in new[] { 1.25, -0.2, -3 }) // a log-ratio of 2 r
            Assert.Equal(
                LogReference + (2 * reward > floor ? 2 * reward : floor),
                new ClippedObjective(new GibbsObjective(0.5), floor).LogTarget(s_completion with { Reward = reward }),
                1e-12
            );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void A_floor_that_is_not_finite_and_below_0_is_refused(double floor) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(floor), () => new ClippedObjective(new GibbsObjective(1), floor));

    [Fact]
    public void Every_objective_of_a_distribution_requires_its_origin()
    {
        var origin = new ScoringIdentity("policy", "judge", "scoring");
        var bestOfN = new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new([1, 2]) }, 2, origin: origin);
        foreach (
            IVariationalObjective objective in new IVariationalObjective[]
            {
                new ExactObjective(bestOfN),
                new LowerBoundObjective(bestOfN),
                new CalibratedTiltObjective(bestOfN, 1),
                new ClippedObjective(new ExactObjective(bestOfN), -1),
            }
        )
            Assert.Same(origin, objective.Requires);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Targets_of_a_batch_are_in_its_order_and_one_that_is_no_number_is_named(double bad)
    {
        ScoredCompletion other = new(new Completion { Prompt = "second", Text = "" }, 0.75, -8.5);
        var batch = new ScoredBatch([s_completion, other], [0, 1]);

        Assert.Equal([1.25, 0.75], new OfReward(reward => reward).LogTargets(batch));
        string message = Assert
            .Throws<ArithmeticException>(() => new OfReward(reward => reward < 1 ? bad : reward).LogTargets(batch))
            .Message;
        foreach (string part in new[] { nameof(OfReward), $"{bad}", "completion 1 ", "\"second\"", "0.75", "-8.5" })
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    private static KnownCdfBoNDistribution Known(double n, double below = Below, double atOrBelow = AtOrBelow) =>
        new((_, _) => new LogCdfPair(Math.Log(below), Math.Log(atOrBelow)), n);

    /// <summary>A function of the reward.</summary>
    private sealed class OfReward(Func<double, double> target) : IVariationalObjective
    {
        public ScoringIdentity? Requires => null;

        public double LogTarget(ScoredCompletion completion) => target(completion.Reward);
    }
}
