using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class PairLossTests
{
    private static readonly double[] s_best = [-1.0, -2],
        s_worst = [-3.0, -2.5],
        s_bestReference = [-2.0, -2.2],
        s_worstReference = [-2.5, -2.4];

    private static double[] Gaps =>
        [.. Enumerable.Range(0, 2).Select(i => s_best[i] - s_bestReference[i] - (s_worst[i] - s_worstReference[i]))];

    [Theory]
    [InlineData(2, 0.5)]
    [InlineData(4, 0.0909090909)]
    [InlineData(8, 0.0275482094)] // the README of the authors' code
    [InlineData(16, 0.0100464)]
    public void The_expected_gap_gives_the_published_beta(int n, double beta) => Assert.Equal(beta, 1 / (2 * PairLoss.ExpectedGap(n)), 6);

    [Fact]
    public void The_expected_gap_is_that_of_best_of_n_on_a_fine_world()
    {
        const int Atoms = 2000,
            N = 8;
        var world = EnumerableWorld.OfAtoms(
            [.. Enumerable.Repeat(1.0 / Atoms, Atoms)],
            [.. Enumerable.Range(0, Atoms).Select(i => (double)i)],
            N
        );
        double[] ratio = [.. Enumerable.Range(0, Atoms).Select(i => world.LogBestOfN[i] - world.LogReference[i])];
        double gap = 0;
        for (int i = 0; i < Atoms; i++)
        {
            double above = (Atoms - i) / (double)Atoms,
                below = (i + 1) / (double)Atoms,
                step = 1.0 / Atoms;
            gap += ratio[i] * (Math.Pow(below, N) - Math.Pow(below - step, N) - (Math.Pow(above, N) - Math.Pow(above - step, N)));
        }

        Assert.InRange(gap / PairLoss.ExpectedGap(N), 0.98, 1.001); // the lowest atoms are coarser than a continuum
    }

    [Fact]
    public void Each_loss_is_that_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor best = torch.tensor(s_best),
            worst = torch.tensor(s_worst);

        Assert.Equal(
            Gaps.Average(h => Math.Pow(h - 5, 2)),
            PairLoss.Ipo(best, worst, s_bestReference, s_worstReference, 0.1).ToDouble(),
            12
        );
        Assert.Equal(
            Gaps.Average(h => Math.Log(1 + Math.Exp(-0.1 * h))),
            PairLoss.Dpo(best, worst, s_bestReference, s_worstReference, 0.1).ToDouble(),
            12
        );
        double gap = PairLoss.ExpectedGap(4);
        Assert.Equal(
            (0.005 * 1.5) + (0.995 * Gaps.Average(h => Math.Pow(h - gap, 2))),
            PairLoss.BonBon(best, worst, s_bestReference, s_worstReference, 4).ToDouble(),
            12
        );
    }

    [Fact]
    public void A_certain_pair_does_not_overflow()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(2000, PairLoss.Dpo(torch.tensor([-2000.0]), torch.tensor([0.0]), [0], [0], 1).ToDouble(), 9);
        Assert.Equal(0, PairLoss.Dpo(torch.tensor([0.0]), torch.tensor([-2000.0]), [0], [0], 1).ToDouble(), 9);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor best = torch.tensor(s_best),
            one = torch.tensor([-1.0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => PairLoss.ExpectedGap(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairLoss.BonBon(best, best, s_bestReference, s_worstReference, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairLoss.BonBon(best, best, s_bestReference, s_worstReference, 2, alpha: 1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairLoss.Ipo(best, best, s_bestReference, s_worstReference, 0));
        Assert.Throws<ArgumentException>(() => PairLoss.Ipo(best, one, s_bestReference, [0], 0.1));
        Assert.Throws<ArgumentException>(() => PairLoss.Ipo(best, best, [0], s_worstReference, 0.1));
        Assert.Throws<ArithmeticException>(() => PairLoss.Dpo(best, best, [0, double.NaN], s_worstReference, 0.1));
    }
}
