using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>Losses of pairs, of rewards and of a teacher: the last argument that each takes and the first that it refuses.</summary>
[Trait("Tier", "torch")]
public sealed class PairLimitTests
{
    private static readonly double[] s_two = [-1, -2];

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(1)]
    public void BonBon_weighs_the_likelihood_of_the_best_by_alpha_from_0_to_1(double alpha)
    {
        using torch.Tensor best = torch.tensor([-1.0, -3], requires_grad: true),
            worst = torch.tensor([-2.5, -2]);
        using var loss = PairLoss.BonBon(best, worst, [-1.5, -2], [-2, -2.5], 2, alpha);
        double[] gaps = [0.5 + 0.5, -1 - 0.5]; // less 1 = 1 H_1
        Assert.Equal((alpha * 2) + ((1 - alpha) * gaps.Average(h => (h - 1) * (h - 1))), loss.ToDouble(), 1e-12);
    }

    [Fact]
    public void Arguments_of_pairs_are_refused_by_their_names()
    {
        using torch.Tensor two = torch.tensor(s_two),
            one = torch.tensor([-1.0]),
            none = torch.zeros(0);
        foreach (double alpha in new[] { -0.1, 1.1, double.NaN })
            OutOfRange("alpha", () => PairLoss.BonBon(two, two, s_two, s_two, 2, alpha));
        foreach (double beta in new[] { 0, -1, double.NaN, double.PositiveInfinity })
        {
            OutOfRange("beta", () => PairLoss.Ipo(two, two, s_two, s_two, beta));
            OutOfRange("beta", () => PairLoss.Dpo(two, two, s_two, s_two, beta));
        }

        OutOfRange("n", () => PairLoss.BonBon(two, two, s_two, s_two, 1));
        Assert.Equal(1, PairLoss.ExpectedGap(2));
        Refused("worst", () => PairLoss.Ipo(two, one, s_two, [0], 1));
        Refused("worst", () => PairLoss.Ipo(one, two, [0], s_two, 1));
        Refused("bestReference", () => PairLoss.Ipo(two, two, [0], s_two, 1));
        Refused("worstReference", () => PairLoss.Ipo(two, two, s_two, [0], 1));
        Refused("bestReference", () => PairLoss.Ipo(none, none, [], [], 1));
        Refused("best", () => PairLoss.Ipo(two.view(1, 2), two, s_two, s_two, 1));
        Refused("worst", () => PairLoss.Ipo(two, two.to(torch.int64), s_two, s_two, 1));
    }

    [Fact]
    public void Arguments_of_a_reward_model_are_refused_by_their_names()
    {
        using torch.Tensor two = torch.tensor(s_two),
            one = torch.tensor([-1.0]);
        foreach (double centring in new[] { -1e-9, double.NaN, double.PositiveInfinity })
            OutOfRange("centring", () => RewardModelLoss.BradleyTerry(two, two, centring: centring));
        Refused("rejected", () => RewardModelLoss.BradleyTerry(one, two));
        Refused("chosen", () => RewardModelLoss.BradleyTerry(two.to(torch.int64), two));
        Refused("rejected", () => RewardModelLoss.BradleyTerry(two, two.view(1, 2)));
        Refused("margins", () => RewardModelLoss.BradleyTerry(two, two, [0, 0, 0]));
        Refused("margins", () => RewardModelLoss.BradleyTerry(two, two, [-1e-9, 0]));
        Refused("logits", () => RewardModelLoss.CrossEntropy(torch.ones([1, 2], torch.int64), [0]));
        Refused("labels", () => RewardModelLoss.CrossEntropy(torch.zeros(0, 2), []));
        Refused("labels", () => RewardModelLoss.CrossEntropy(torch.zeros(1, 0), [0]));
        Refused("labels", () => RewardModelLoss.CrossEntropy(two.view(1, 2), [0, 1]));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public void A_label_is_0_to_the_last_logit_and_0_or_1_where_there_is_one(int logits, int most)
    {
        using var values = torch.ones([2, logits], torch.float64);
        foreach (int label in new[] { 0, most })
        {
            using var loss = RewardModelLoss.CrossEntropy(values, [0, label]);
            double first = logits == 1 ? Math.Log(1 + Math.E) : Math.Log(logits), // of label 0
                second = logits == 1 && label == 1 ? Math.Log(1 + Math.Exp(-1)) : first;
            Assert.Equal((first + second) / 2, loss.ToDouble(), 1e-12);
        }

        foreach (int label in new[] { -1, most + 1 })
            Assert.Contains(
                FormattableString.Invariant($"labels[1] is {label}; it must be 0 to {most}."),
                Assert.Throws<ArgumentException>("labels", () => RewardModelLoss.CrossEntropy(values, [0, label])).Message,
                StringComparison.Ordinal
            );
        Assert.Throws<ArgumentException>("labels", () => RewardModelLoss.CrossEntropy(values, [-1, 0]));
    }

    [Fact]
    public void A_teacher_that_excludes_a_token_is_named_with_the_place()
    {
        using torch.Tensor half = torch.full([3, 2], -Math.Log(2), torch.float64),
            sure = half.clone();
        sure[1, 0] = double.NegativeInfinity;
        string teacher = Assert.Throws<ArithmeticException>(() => Distillation.Loss(half, sure, 1)).Message;
        string policy = Assert.Throws<ArithmeticException>(() => Distillation.Loss(sure, half, 1)).Message;
        Assert.Contains("token 1 ", teacher, StringComparison.Ordinal);
        Assert.Contains("token 1 ", policy, StringComparison.Ordinal);
        using var first = torch.full([1, 2], double.NaN, torch.float64);
        Assert.Contains(
            "token 0 ",
            Assert.Throws<ArithmeticException>(() => Distillation.Loss(first, first, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Arguments_of_a_distillation_are_refused_by_their_names()
    {
        using torch.Tensor log = torch.zeros([2, 2], torch.float64),
            none = torch.zeros([0, 2], torch.float64),
            whole = torch.zeros([2, 2], torch.int64);
        Refused("logProb", () => Distillation.Loss(none, none, 1));
        Refused("logProb", () => Distillation.Loss(whole, log, 1));
        Refused("logProb", () => Distillation.Loss(log.view(1, 2, 2), log, 1));
        Refused("teacher", () => Distillation.Loss(log, log.view(4, 1), 1));
        OutOfRange("completions", () => Distillation.Loss(log, log, 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_distillation_is_the_sum_over_tokens_by_the_number_of_completions(int completions)
    {
        double[] p = [0.2, 0.8, 0.5, 0.5],
            q = [0.6, 0.4, 0.1, 0.9];
        using torch.Tensor log = torch.tensor([.. p.Select(value => Math.Log(value))], [2, 2]),
            teacher = torch.tensor([.. q.Select(value => (float)Math.Log(value))], [2, 2]);
        using var loss = Distillation.Loss(log, teacher, completions);
        Assert.Equal(p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum() / completions, loss.ToDouble(), 1e-6);
        Assert.Equal(torch.float64, loss.dtype);
    }

    private static void Refused(string name, Func<torch.Tensor> loss) => Assert.Throws<ArgumentException>(name, loss);

    private static void OutOfRange(string name, Func<torch.Tensor> loss) => Assert.Throws<ArgumentOutOfRangeException>(name, loss);
}
