using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>Losses of a reward model against pencil and paper, their derivatives, and the closed forms of their minima.</summary>
[Trait("Tier", "torch")]
public sealed class RewardModelLossTests
{
    private const double Centring = 0.05;
    private static readonly double[] s_chosen = [1.2, -0.3, 0.4],
        s_rejected = [0.2, 0.5, -2],
        s_margins = [0, 1, 0.5];

    [Fact]
    public void Bradley_Terry_is_that_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        double[] gaps = [1.0, -0.8, 2.4],
            sums = [1.4, 0.2, -1.6];
        Assert.Equal(
            gaps.Average(d => Math.Log(1 + Math.Exp(-d))),
            RewardModelLoss.BradleyTerry(torch.tensor(s_chosen), torch.tensor(s_rejected)).ToDouble(),
            14
        );
        Assert.Equal(
            gaps.Zip(s_margins, (d, m) => Math.Log(1 + Math.Exp(m - d))).Average() + (Centring * sums.Average(s => s * s)),
            RewardModelLoss.BradleyTerry(torch.tensor(s_chosen), torch.tensor(s_rejected), s_margins, Centring).ToDouble(),
            14
        );
    }

    [Fact]
    public void The_gradient_of_Bradley_Terry_is_the_share_still_in_doubt_and_that_of_the_level()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor chosen = torch.tensor(s_chosen, requires_grad: true),
            rejected = torch.tensor(s_rejected, requires_grad: true);
        RewardModelLoss.BradleyTerry(chosen, rejected, s_margins, Centring).backward();
        for (int i = 0; i < 3; i++)
        {
            double doubt = 1 / (1 + Math.Exp(s_chosen[i] - s_rejected[i] - s_margins[i])),
                level = 2 * Centring * (s_chosen[i] + s_rejected[i]);
            Assert.Equal((level - doubt) / 3, chosen.grad![i].ToDouble(), 14);
            Assert.Equal((level + doubt) / 3, rejected.grad![i].ToDouble(), 14);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.7)]
    public void The_minimum_of_two_answers_is_the_log_odds_of_their_labels_plus_the_margin_around_zero(double margin)
    {
        const int Wins = 7,
            Losses = 3;
        double expected = Math.Log((double)Wins / Losses);
        if (margin > 0) // sum over labels of -log sigmoid(+-d - m): its root by bisection
            expected = Root(d => (Wins * Sigmoid(margin - d)) - (Losses * Sigmoid(margin + d)));
        using var scope = torch.NewDisposeScope();
        var rewards = torch.tensor([expected / 2, -expected / 2], requires_grad: true);
        var first = rewards[0].repeat(Wins + Losses);
        var second = rewards[1].repeat(Wins + Losses);
        var won = torch.tensor([.. Enumerable.Range(0, Wins + Losses).Select(i => i < Wins ? 1.0 : 0)]);
        RewardModelLoss
            .BradleyTerry(
                (won * first) + ((1 - won) * second),
                (won * second) + ((1 - won) * first),
                [.. Enumerable.Repeat(margin, Wins + Losses)],
                Centring
            )
            .backward();

        Assert.Equal(0, rewards.grad![0].ToDouble(), 13);
        Assert.Equal(0, rewards.grad![1].ToDouble(), 13);
    }

    [Fact]
    public void Cross_entropy_is_that_of_pencil_and_paper_with_the_gradient_of_probabilities_minus_labels()
    {
        double[,] values =
        {
            { 1, 2, -1 },
            { 0.5, 0, 3 },
        };
        int[] labels = [1, 0];
        using var scope = torch.NewDisposeScope();
        var logits = torch.tensor(values, requires_grad: true);
        var loss = RewardModelLoss.CrossEntropy(logits, labels);
        loss.backward();
        double expected = 0;
        for (int row = 0; row < 2; row++)
        {
            double sum = Enumerable.Range(0, 3).Sum(l => Math.Exp(values[row, l]));
            expected += (Math.Log(sum) - values[row, labels[row]]) / 2;
            for (int l = 0; l < 3; l++)
                Assert.Equal(((Math.Exp(values[row, l]) / sum) - (l == labels[row] ? 1 : 0)) / 2, logits.grad![row, l].ToDouble(), 14);
        }

        Assert.Equal(expected, loss.ToDouble(), 14);
    }

    [Fact]
    public void One_logit_is_the_log_odds_of_label_1()
    {
        using var scope = torch.NewDisposeScope();
        var one = torch.tensor(
            new double[,]
            {
                { 1.5 },
                { -0.5 },
                { 2 },
            }
        );
        var two = torch.tensor(
            new double[,]
            {
                { 0, 1.5 },
                { 0, -0.5 },
                { 0, 2 },
            }
        );
        Assert.Equal(RewardModelLoss.CrossEntropy(two, [1, 0, 0]).ToDouble(), RewardModelLoss.CrossEntropy(one, [1, 0, 0]).ToDouble(), 14);
    }

    [Fact]
    public void A_certain_pair_does_not_overflow()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(4000, RewardModelLoss.BradleyTerry(torch.tensor([-2000.0]), torch.tensor([2000.0])).ToDouble(), 9);
        Assert.Equal(0, RewardModelLoss.BradleyTerry(torch.tensor([2000.0]), torch.tensor([-2000.0])).ToDouble(), 9);
        Assert.Equal(
            2000,
            RewardModelLoss
                .CrossEntropy(
                    torch.tensor(
                        new double[,]
                        {
                            { 2000 },
                        }
                    ),
                    [0]
                )
                .ToDouble(),
            9
        );
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor chosen = torch.tensor(s_chosen),
            one = torch.tensor([1.0]),
            logits = torch.ones([2, 3]);
        Assert.Contains(
            "[3, 1]",
            Assert.Throws<ArgumentException>("chosen", () => RewardModelLoss.BradleyTerry(chosen.view(3, 1), chosen)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>("rejected", () => RewardModelLoss.BradleyTerry(chosen, one));
        Assert.Throws<ArgumentException>("rejected", () => RewardModelLoss.BradleyTerry(torch.zeros(0), torch.zeros(0)));
        Assert.Throws<ArgumentException>("margins", () => RewardModelLoss.BradleyTerry(chosen, chosen, [0]));
        Assert.Contains(
            "margins[1]",
            Assert.Throws<ArgumentException>("margins", () => RewardModelLoss.BradleyTerry(chosen, chosen, [0, -1, 0])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>("centring", () => RewardModelLoss.BradleyTerry(chosen, chosen, centring: double.NaN));
        Assert.Contains(
            "diverged",
            Assert.Throws<ArithmeticException>(() => RewardModelLoss.BradleyTerry(chosen, torch.tensor([0, double.NaN, 0]))).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>("logits", () => RewardModelLoss.CrossEntropy(chosen, [0, 0, 0]));
        Assert.Throws<ArgumentException>("labels", () => RewardModelLoss.CrossEntropy(logits, [0]));
        Assert.Contains(
            "labels[1] is 3",
            Assert.Throws<ArgumentException>("labels", () => RewardModelLoss.CrossEntropy(logits, [0, 3])).Message,
            StringComparison.Ordinal
        );
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double Root(Func<double, double> falling)
    {
        double low = -10,
            high = 10;
        for (int i = 0; i < 100; i++)
            (low, high) = falling((low + high) / 2) > 0 ? ((low + high) / 2, high) : (low, (low + high) / 2);
        return (low + high) / 2;
    }
}
