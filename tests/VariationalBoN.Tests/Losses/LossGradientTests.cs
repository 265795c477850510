using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Worlds;
using static VariationalBoN.Tests.Losses.EnumeratedGroups;

namespace VariationalBoN.Tests.Losses;

/// <summary>Each loss against enumeration: unbiased where it says so, biased as it says where it is not.</summary>
[Trait("Tier", "torch")]
public sealed class LossGradientTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Leave_one_out_none_and_a_constant_are_unbiased(int completions)
    {
        var groups = new EnumeratedGroups(completions);
        foreach (Baseline baseline in (Baseline[])[Baseline.LeaveOneOut, Baseline.None, Baseline.Constant(-1.7)])
            AssertClose(
                ReverseKl,
                groups.MeanGradient((logProb, targets, scored) => ScoreFunction.Loss(logProb, targets, scored.Groups, baseline))
            );
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void The_group_mean_shrinks_the_gradient_by_one_part_in_K(int completions)
    {
        double[] mean = new EnumeratedGroups(completions).MeanGradient(
            (logProb, targets, scored) => ScoreFunction.Loss(logProb, targets, scored.Groups, Baseline.GroupMean)
        );

        AssertClose(ReverseKl.Select(g => g * (completions - 1) / completions), mean);
    }

    [Fact]
    public void The_group_mean_counts_a_group_of_K_as_K_less_one()
    {
        double[] targets = [1, -2, 3, 0.5, -1],
            leaveOneOut = Gradient(Baseline.LeaveOneOut),
            groupMean = Gradient(Baseline.GroupMean);

        AssertClose(leaveOneOut.Select((g, i) => g * (i < 2 ? 1 / 2.0 : 2 / 3.0)), groupMean);

        double[] Gradient(Baseline baseline)
        {
            using var logProb = torch.tensor([-1.0, -2, -3, -1, -4], requires_grad: true);
            using var loss = ScoreFunction.Loss(logProb, targets, [0, 0, 1, 1, 1], baseline);
            loss.backward();
            using var gradient = logProb.grad!;
            return gradient.data<double>().ToArray();
        }
    }

    [Fact]
    public void Without_group_baseline_one_completion_a_prompt_is_enough() =>
        AssertClose(
            ReverseKl,
            new EnumeratedGroups(1).MeanGradient(
                (logProb, targets, scored) => ScoreFunction.Loss(logProb, targets, scored.Groups, Baseline.None)
            )
        );

    [Fact]
    public void A_clipped_ratio_starts_with_the_gradient_of_the_score_function()
    {
        double[] mean = new EnumeratedGroups(3).MeanGradient(
            (logProb, targets, scored) => ClippedRatio.Loss(logProb, Values(logProb), targets, scored.Groups)
        );

        AssertClose(ReverseKl, mean);
    }

    [Fact]
    public void A_normalised_group_of_equal_returns_has_no_gradient()
    {
        using var logProb = torch.tensor([-1.0, -2.0], requires_grad: true);
        using var loss = ClippedRatio.Loss(logProb, [-1, -2], [3, 2], [0, 0], new ClippedRatioOptions { NormaliseByGroup = true });
        loss.backward();

        using var gradient = logProb.grad!;
        Assert.Equal([0.0, 0], gradient.data<double>().ToArray());
    }

    [Fact]
    public void Half_the_gradient_of_either_regression_is_that_of_the_reverse_KL_on_own_completions()
    {
        double[] centred = new EnumeratedGroups(3).MeanGradient(
            (logProb, targets, scored) => SquaredLogRatio.Centred(logProb, targets, scored.Groups)
        );
        double[] known = new EnumeratedGroups(2).MeanGradient((logProb, targets, _) => SquaredLogRatio.Known(logProb, targets));

        AssertClose(ReverseKl, centred.Select(g => g / 2));
        AssertClose(ReverseKl, known.Select(g => g / 2));
    }

    [Fact]
    public void The_centred_regression_does_not_see_a_constant_and_the_other_does()
    {
        double[] plain = Gradient(SquaredLogRatio.Centred, 0),
            shifted = Gradient(SquaredLogRatio.Centred, 0.5);
        AssertClose(plain, shifted);

        double[] known = Gradient((logProb, targets, _) => SquaredLogRatio.Known(logProb, targets), 0),
            moved = Gradient((logProb, targets, _) => SquaredLogRatio.Known(logProb, targets), 0.5);
        Assert.Contains(known.Zip(moved), pair => Math.Abs(pair.First - pair.Second) > 1e-3);

        static double[] Gradient(Func<torch.Tensor, IReadOnlyList<double>, IReadOnlyList<int>, torch.Tensor> loss, double shift) =>
            new EnumeratedGroups(2).MeanGradient(
                (logProb, targets, scored) => loss(logProb, [.. targets.Select(t => t + shift)], scored.Groups),
                [0, 0, 0, 0, 0, 0]
            );
    }

    [Fact]
    public void Weighted_likelihood_with_exact_weights_has_the_gradient_of_the_forward_KL()
    {
        double[] weights = [.. World.LogBestOfN.Select(Math.Exp)];
        ScoredBatch all = new(Enumerable.Range(0, World.Sequences).Select(World.Completion), new int[World.Sequences]);
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, Theta);
        using var scope = torch.NewDisposeScope();
        WeightedLikelihood.Loss(policy.LogProb(all), weights, all.Groups).backward();

        AssertClose(ForwardKl, policy.Logits.grad!.data<double>().ToArray());
    }

    [Fact]
    public void A_Jeffreys_mix_is_the_mix_of_both_gradients()
    {
        double[] weights = [.. World.LogBestOfN.Select(Math.Exp)];
        ScoredBatch all = new(Enumerable.Range(0, World.Sequences).Select(World.Completion), new int[World.Sequences]);
        using var other = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, Theta);
        double[] mean = new EnumeratedGroups(2).MeanGradient(
            (logProb, targets, scored) =>
                Jeffreys.Loss(
                    ScoreFunction.Loss(logProb, targets, scored.Groups),
                    WeightedLikelihood.Loss(other.LogProb(all), weights, all.Groups),
                    0.3
                )
        );

        AssertClose(ReverseKl.Select(g => 0.3 * g), mean);
        using var gradient = other.Logits.grad!; // summed over 16 groups, each with weight 1
        AssertClose(ForwardKl.Select(g => 0.7 * g * 16), gradient.data<double>().ToArray(), 1e-11);
    }

    [Fact]
    public void A_clipped_target_is_cut_where_the_log_ratio_is_low_and_nowhere_else()
    {
        var exact = new ExactObjective(World.BestOfN);
        var clipped = new ClippedObjective(exact, -0.1);
        for (int y = 0; y < World.Sequences; y++)
        {
            ScoredCompletion completion = World.Completion(y);
            double ratio = exact.LogTarget(completion) - completion.LogReference;
            Assert.Equal(completion.LogReference + Math.Max(ratio, -0.1), clipped.LogTarget(completion), 12);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new ClippedObjective(exact, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClippedObjective(exact, double.NaN));
    }

    private static double[] Values(torch.Tensor logProb) => logProb.detach().data<double>().ToArray();
}
