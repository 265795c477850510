using CsCheck;
using VariationalBoN.BestOfN;
using VariationalBoN.References;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Reference samples are ranked among the others of their prompt, by every estimator.</summary>
[Trait("Tier", "fast")]
public sealed class LeaveOneOutTests
{
    private static readonly Gen<double[]> s_rewards = Gen.Int[-3, 3].Select(i => i / 2.0).Array[2, 10];

    [Fact]
    public void A_sample_is_ranked_as_a_new_completion_among_the_others() =>
        Gen.Select(s_rewards, Gen.Double[1, 20], Gen.Enum<RatioEstimator>())
            .Sample(
                (rewards, n, estimator) =>
                {
                    var sample = Completion(rewards[0]);
                    EmpiricalBoNDistribution all = Of(rewards, n, estimator).LeaveOneOut(),
                        others = Of(rewards[1..], n, estimator);
                    return all.LogRatio(sample) == others.LogRatio(sample) && all.LogCdf("x", rewards[0]) == others.LogCdf("x", rewards[0]);
                },
                iter: 100_000
            );

    [Fact]
    public void Objectives_take_it_for_all_samples_of_a_table()
    {
        var table = new ReferenceTable([new ReferencePrompt("x", ((double[])[1, 2, 2, 3]).Select(Completion))]);
        EmpiricalBoNDistribution bestOfN = table.BestOf(2).LeaveOneOut();

        double[] targets = [.. table["x"].Samples.Select(new ExactObjective(bestOfN).LogTarget)];

        Assert.Equal(1, targets.Average(target => Math.Exp(target + 5)), 1e-12);
        Assert.Equal(Math.Log(1.0 / 4), targets[0] + 5, 1e-12); // the lowest of 4: (1/4)^2 / (1/4)
        Assert.Same(bestOfN, bestOfN.LeaveOneOut());
        Assert.Contains("not among the 4", Assert.Throws<ArgumentOutOfRangeException>(() => bestOfN.LogRatio(Completion(2.5))).Message);
    }

    [Fact]
    public void The_only_sample_of_a_prompt_tells_nothing()
    {
        foreach (RatioEstimator estimator in Enum.GetValues<RatioEstimator>().Where(estimator => estimator != RatioEstimator.SingleAtom))
            Assert.Equal(
                estimator == RatioEstimator.Harmonic ? Math.Log(8) : 0,
                Of([7], 8, estimator).LeaveOneOut().LogRatio(Completion(7))
            );
        // F = 1, lowered to 1 - p
        Assert.InRange(Of([7], 8, RatioEstimator.SingleAtom).LeaveOneOut().LogRatio(Completion(7)), 1.9, Math.Log(8));
    }

    private static EmpiricalBoNDistribution Of(double[] rewards, double n, RatioEstimator estimator) =>
        new(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = new(rewards) }, n, estimator);

    private static ScoredCompletion Completion(double reward) => new(new Completion { Prompt = "x", Text = "" }, reward, -5);
}
