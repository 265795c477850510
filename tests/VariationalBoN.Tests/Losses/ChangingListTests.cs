using TorchSharp;
using VariationalBoN.Evaluation;
using VariationalBoN.Losses;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Losses;

/// <summary>Lists of numbers are read once, so that what was checked is what is used.</summary>
[Trait("Tier", "torch")]
public sealed class ChangingListTests
{
    private static readonly double[] s_old = [-1, -2, -3],
        s_targets = [1, 0, 2];
    private static readonly int[] s_groups = [4, 4, 4];

    [Fact]
    public void Every_loss_of_a_list_that_changes_is_that_of_its_first_values()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor([-0.5, -2.1, -3.05]);
        Equal(list => ScoreFunction.Loss(logProb, list(s_targets), s_groups));
        Equal(list => ScoreFunction.Loss(logProb, list(s_targets), s_groups, Baseline.None));
        Equal(list => ClippedRatio.Loss(logProb, list(s_old), list(s_targets), s_groups));
        Equal(list =>
            ClippedRatio.Loss(logProb, list(s_old), list(s_targets), s_groups, new ClippedRatioOptions { NormaliseByGroup = true })
        );
        Equal(list => WeightedLikelihood.Loss(logProb, list([0.2, 0.3, 0.5]), s_groups));
        Equal(list => SquaredLogRatio.Centred(logProb, list(s_targets), s_groups));
        Equal(list => SquaredLogRatio.Known(logProb, list(s_targets)));
        Equal(list => PairLoss.Ipo(logProb, logProb, list(s_old), list(s_targets), 0.1));
        Equal(list => PairLoss.Dpo(logProb, logProb, list(s_old), list(s_targets), 0.1));
        Equal(list => PairLoss.BonBon(logProb, logProb, list(s_old), list(s_targets), 4));
        Equal(list => RewardModelLoss.BradleyTerry(logProb, logProb, list(s_targets), 0.1));

        static void Equal(Func<Func<double[], IReadOnlyList<double>>, torch.Tensor> loss)
        {
            double expected = loss(values => values).ToDouble(),
                found = loss(values => new ReadOnce(values)).ToDouble();
            Assert.True(double.IsFinite(expected));
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void Every_estimate_of_a_list_that_changes_is_that_of_its_first_values()
    {
        using var logProb = torch.tensor([-0.5, -2.1, -3.05]);
        Assert.Equal(ClippedRatio.ApproximateKl(logProb, s_old), ClippedRatio.ApproximateKl(logProb, new ReadOnce(s_old)));
        Assert.Equal(ClippedRatio.ClippedShare(logProb, s_old), ClippedRatio.ClippedShare(logProb, new ReadOnce(s_old)));
        RunningMean one = new(),
            other = new();
        one.Add(logProb, s_targets);
        other.Add(logProb, new ReadOnce(s_targets));
        Assert.Equal(one.Baseline, other.Baseline);
        Assert.Equal(Estimate.FromClusters(s_old, [0, 1, 1]), Estimate.FromClusters(new ReadOnce(s_old), [0, 1, 1]));
        Assert.Equal(Estimate.FromObservations(s_old), Estimate.FromObservations(new ReadOnce(s_old)));
        Assert.Equal(
            KlEstimates.FromLogRatios(s_targets, [0, 1, 1], s_targets),
            KlEstimates.FromLogRatios(new ReadOnce(s_targets), [0, 1, 1], new ReadOnce(s_targets))
        );
        Assert.Equal(s_targets, new RewardScores(new ReadOnce(s_targets)));
        var world = EnumerableWorld.OfAtoms(new ReadOnce(0.5, 0.25, 0.25), new ReadOnce(s_targets), 2);
        Assert.All(world.LogProbs(new ReadOnce(s_old)).Concat(world.LogBestOfN), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Advantages_that_overflow_are_refused()
    {
        using var logProb = torch.tensor([-1.0, -2.0]);
        double[] far = [1.7e308, -1.7e308];
        var normalised = new ClippedRatioOptions { NormaliseByGroup = true };
        Assert.Throws<ArithmeticException>(() => ScoreFunction.Loss(logProb, far, [0, 0]));
        Assert.Throws<ArithmeticException>(() => ClippedRatio.Loss(logProb, [-1, -2], far, [0, 0]));
        Assert.Throws<ArithmeticException>(() => ClippedRatio.Loss(logProb, [-1, -2], far, [0, 0], normalised));
    }
}
