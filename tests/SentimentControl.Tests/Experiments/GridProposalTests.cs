using VariationalBoN.Experiments.Grid;

namespace SentimentControl.Tests.Experiments;

/// <summary>How often a draw of a pool is kept, against all sets of draws that there are.</summary>
[Trait("Tier", "fast")]
public sealed class GridProposalTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_best_of_a_set_is_kept_as_often_as_the_enumeration_of_sets_says(int draws)
    {
        double[] rewards = [3, 1, 2, 2, 5, 4], expected = new double[rewards.Length];
        int[][] sets = [.. Enumerable.Range(0, 1 << rewards.Length).Where(set => int.PopCount(set) == draws).Select(set => Enumerable.Range(0, rewards.Length).Where(i => (set & (1 << i)) != 0).ToArray())];
        foreach (int[] set in sets)
        {
            int[] best = [.. set.Where(i => rewards[i] == set.Max(j => rewards[j]))];
            foreach (int i in best)
                expected[i] += (double)rewards.Length / sets.Length / best.Length;
        }

        double[] kept = GridProposals.ByReward(rewards, draws);
        for (int i = 0; i < rewards.Length; i++)
            Assert.Equal(expected[i], kept[i], 1e-12);
    }

    [Fact]
    public void By_importance_equal_weights_keep_all_alike_and_a_pair_is_kept_as_enumeration_says()
    {
        Assert.All(GridProposals.ByImportance([2, 2, 2, 2], draws: 3, seed: 1), kept => Assert.Equal(1, kept, 1e-12));
        Assert.All(GridProposals.ByImportance([0, 1, 5, -3], draws: 1, seed: 1), kept => Assert.Equal(1, kept, 1e-12));

        double[] pair = GridProposals.ByImportance([0, Math.Log(3)], draws: 2, seed: 1); // the other is the only other
        Assert.Equal(0.5, pair[0], 1e-12);
        Assert.Equal(1.5, pair[1], 1e-12);
    }

    [Fact]
    public void Ceilings_of_seeds_are_averaged_at_equal_kl_as_far_as_all_reach()
    {
        CeilingPoint[] one = [new(0, 0), new(1, 2), new(3, 4)], two = [new(0, 1), new(2, 5)];
        CeilingPoint[] mean = CeilingPoint.Mean([one, two]);
        Assert.Equal((0, 2), (mean[0].Kl, mean[^1].Kl));
        Assert.Equal((0.5, 4), (mean[0].Reward, mean[^1].Reward));                     // (0 + 1) / 2; (3 + 5) / 2
        Assert.Equal(2.5, mean.Single(point => point.Kl == 1).Reward, 1e-12);          // (2 + 3) / 2
        Assert.Empty(CeilingPoint.Mean([one, []]));
    }

    [Fact]
    public void A_head_is_counted_whole_or_once_for_all_N()
    {
        GridCosts unit = new(10, 0), values = new(12, 40);
        Assert.Equal(5.2, values.Alone(unit)!.Value, 1e-12);
        Assert.Equal(2.2, values.Shared(unit, 4)!.Value, 1e-12);
        Assert.Null(values.Alone(null));
        Assert.Null(GridCosts.Of([]));
    }
}
