using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>What the distribution keeps of what it was given, and what it refuses; its numbers are those of its counts.</summary>
[Trait("Tier", "fast")]
public sealed class EmpiricalBoNDistributionTests
{
    private static readonly ScoringIdentity s_origin = new("policy", "judge", "scoring");
    private static readonly double[] s_rewards = [0, 1, 1, 2.5];

    [Fact]
    public void It_keeps_N_estimator_origin_and_rewards_and_so_does_the_one_of_samples_among_the_others()
    {
        var cdfs = new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new(s_rewards), ["y"] = new([7]) };
        var all = new EmpiricalBoNDistribution(cdfs, 3.5, RatioEstimator.Harmonic, origin: s_origin);
        EmpiricalBoNDistribution others = all.LeaveOneOut();
        cdfs.Clear(); // what the caller does afterwards is nothing to it

        foreach (EmpiricalBoNDistribution one in new[] { all, others })
        {
            Assert.Equal((3.5, RatioEstimator.Harmonic), (one.N, one.Estimator));
            Assert.Same(s_origin, one.Origin);
            Assert.Equal(s_rewards, one.Cdf("x").SortedRewards.ToArray());
            Assert.Contains("M = 1 ", one.Warning!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(RatioEstimator.SelfInclusive)]
    [InlineData(RatioEstimator.SingleAtom)]
    [InlineData(RatioEstimator.Harmonic)]
    public void Its_numbers_are_those_of_the_counts_of_the_prompt(RatioEstimator estimator)
    {
        var all = new EmpiricalBoNDistribution(
            new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new(s_rewards), ["y"] = new([7]) },
            3.5,
            estimator
        );
        Completion completion = new() { Prompt = "x", Text = "" };
        RankCounts among = new(1, 3, 4),
            others = new(1, 2, 3);

        Assert.Equal(among.LogCdf(estimator), all.LogCdf("x", 1));
        Assert.Equal(others.LogCdf(estimator), all.LeaveOneOut().LogCdf("x", 1));
        Assert.Equal(among.LogRatio(estimator, -2, 3.5), all.LogRatio(new(completion, 1, -2)));
        Assert.Equal(others.LogRatio(estimator, -2, 3.5), all.LeaveOneOut().LogRatio(new(completion, 1, -2)));
        Assert.Equal(-2 + among.LogRatio(estimator, -2, 3.5), ((IBoNDistribution)all).LogDensity(new(completion, 1, -2)));
    }

    [Fact]
    public void The_default_counts_the_completion_as_one_more_sample() => Assert.Equal(RatioEstimator.SelfInclusive, Of(2).Estimator);

    [Fact]
    public void A_prompt_that_is_not_known_is_named()
    {
        string message = Assert.Throws<KeyNotFoundException>(() => Of(2).LogCdf("another", 1)).Message;
        foreach (string part in new[] { "\"another\"", "7 characters", "1 prompts" })
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_out_of_range_is_refused_by_name()
    {
        foreach (double n in new[] { 0.999, double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => Of(n));
        string message = Assert
            .Throws<ArgumentOutOfRangeException>("estimator", () => EmpiricalBoNDistribution.CheckEstimator((RatioEstimator)9))
            .Message;
        Assert.All(Enum.GetNames<RatioEstimator>(), name => Assert.Contains(name, message, StringComparison.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>("estimator", () => Of(2, (RatioEstimator)9));
        Assert.Throws<ArgumentNullException>("completion.Completion", () => Of(2).LogRatio(default));
        Assert.Throws<ArgumentNullException>("prompt", () => Of(2).Cdf(null!));
        Assert.Throws<ArgumentNullException>("cdfs", () => new EmpiricalBoNDistribution(null!, 2));
        Assert.Throws<ArgumentNullException>("rewards", () => new EmpiricalRewardCdf(null!));
    }

    private static EmpiricalBoNDistribution Of(double n, RatioEstimator estimator = default) =>
        estimator == default
            ? new(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new(s_rewards) }, n)
            : new(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new(s_rewards) }, n, estimator);
}
