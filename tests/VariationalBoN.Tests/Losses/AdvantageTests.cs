using CsCheck;
using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>What each loss multiplies grad log pi_theta(y_i) by, against plain loops over groups of different sizes.</summary>
[Trait("Tier", "torch")]
public sealed class AdvantageTests
{
    /// <summary>Labels of groups of at least two, log pi and targets.</summary>
    private static readonly Gen<(int[] Groups, double[] Log, double[] Targets)> s_batches = Gen.Int[0, 2]
        .Array[1, 4]
        .SelectMany(labels =>
        {
            int[] groups = [.. labels, .. labels.Reverse()]; // each label at least twice
            return Gen.Select(Gen.Double[-30, 0].Array[groups.Length], Gen.Double[-30, 0].Array[groups.Length])
                .Select(pair => (groups, pair.Item1, pair.Item2));
        });

    [Fact]
    public void The_score_function_subtracts_what_its_baseline_says() =>
        Gen.Select(s_batches, Gen.Double[-5, 5])
            .Sample(
                (batch, constant) =>
                {
                    double[] returns = Returns(batch.Log, batch.Targets);
                    AssertSlopes(
                        Of(batch.Groups, i => returns[i] - Others(batch.Groups, i).Average(j => returns[j])),
                        batch.Log,
                        logProb => ScoreFunction.Loss(logProb, batch.Targets, batch.Groups)
                    );
                    AssertSlopes(
                        Of(batch.Groups, i => returns[i] - Group(batch.Groups, i).Average(j => returns[j])),
                        batch.Log,
                        logProb => ScoreFunction.Loss(logProb, batch.Targets, batch.Groups, Baseline.GroupMean)
                    );
                    AssertSlopes(
                        Of(batch.Groups, i => returns[i]),
                        batch.Log,
                        logProb => ScoreFunction.Loss(logProb, batch.Targets, batch.Groups, Baseline.None)
                    );
                    AssertSlopes(
                        Of(batch.Groups, i => returns[i] - constant),
                        batch.Log,
                        logProb => ScoreFunction.Loss(logProb, batch.Targets, batch.Groups, Baseline.Constant(constant))
                    );
                },
                iter: 100,
                threads: 1
            );

    [Fact]
    public void Targets_in_a_tensor_have_the_advantages_of_those_in_a_list() =>
        s_batches.Sample(
            batch =>
            {
                double[] returns = Returns(batch.Log, batch.Targets);
                using var targets = torch.tensor(batch.Targets);
                AssertSlopes(
                    Of(batch.Groups, i => returns[i] - Others(batch.Groups, i).Average(j => returns[j])),
                    batch.Log,
                    logProb => ScoreFunction.Loss(logProb, targets, batch.Groups)
                );
            },
            iter: 100,
            threads: 1
        );

    [Fact]
    public void The_centred_regression_pulls_each_residual_to_the_mean_of_its_group() =>
        s_batches.Sample(
            batch =>
            {
                double[] residuals = [.. Returns(batch.Log, batch.Targets).Select(r => -r)];
                int groups = batch.Groups.Distinct().Count();
                AssertSlopes(
                    Of(
                        batch.Groups,
                        i =>
                            -2
                            * (residuals[i] - Group(batch.Groups, i).Average(j => residuals[j]))
                            / (groups * (Group(batch.Groups, i).Count() - 1))
                            * batch.Log.Length
                    ),
                    batch.Log,
                    logProb => SquaredLogRatio.Centred(logProb, batch.Targets, batch.Groups)
                );
                AssertSlopes(Of(batch.Groups, i => -2 * residuals[i]), batch.Log, logProb => SquaredLogRatio.Known(logProb, batch.Targets));
            },
            iter: 100,
            threads: 1
        );

    /// <summary>Deviations from a tenth of the rounding to a thousand times it, of log-probabilities below and above 16 nats.</summary>
    [Fact]
    public void A_normalised_advantage_is_the_part_of_the_deviation_that_is_no_rounding() =>
        Gen.Select(s_batches, Gen.Double[-1, 3], Gen.Double[-2, 1.3])
            .Sample(
                (batch, width, size) =>
                {
                    double[] log = [.. batch.Log.Select(value => value * Math.Pow(10, size))],
                        returns = [.. batch.Targets.Select(value => value / 30 * Math.Pow(10, width) * 16 / 1048576)],
                        targets = [.. returns.Zip(log, (r, old) => r + old)];
                    returns = Returns(log, targets); // as they are after rounding to doubles
                    AssertSlopes(
                        Of(
                            batch.Groups,
                            i =>
                            {
                                int[] group = [.. Group(batch.Groups, i)];
                                double mean = group.Average(j => returns[j]),
                                    deviation = Math.Sqrt(group.Average(j => Math.Pow(returns[j] - mean, 2))),
                                    rounding = group.Max(j => Math.Max(16, -log[j])) * Math.Pow(2, -20);
                                return deviation <= rounding
                                    ? 0
                                    : (returns[i] - mean) / deviation * (1 - Math.Pow(rounding / deviation, 2));
                            }
                        ),
                        log,
                        logProb =>
                            ClippedRatio.Loss(logProb, log, targets, batch.Groups, new ClippedRatioOptions { NormaliseByGroup = true }),
                        1e-6
                    );
                },
                iter: 300,
                threads: 1
            );

    [Fact]
    public void A_baseline_is_its_kind_and_its_number()
    {
        Assert.Equal(default, Baseline.LeaveOneOut);
        Assert.Equal(Baseline.None, Baseline.Constant(0));
        Assert.NotEqual(Baseline.LeaveOneOut, Baseline.None);
        Assert.NotEqual(Baseline.LeaveOneOut, Baseline.GroupMean);
        Assert.NotEqual(Baseline.GroupMean, Baseline.None);
        Assert.Equal(
            (0.0, 0.0, 0.0, 1.5),
            (Baseline.LeaveOneOut.Value, Baseline.GroupMean.Value, Baseline.None.Value, Baseline.Constant(1.5).Value)
        );
        foreach (double value in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(value), () => Baseline.Constant(value));
    }

    [Fact]
    public void A_constant_that_carries_a_return_out_of_the_doubles_is_refused()
    {
        using var logProb = torch.tensor([-1.0]);
        Assert.Throws<ArithmeticException>(() => ScoreFunction.Loss(logProb, [1.7e308], [0], Baseline.Constant(-1.7e308)));
    }

    [Fact]
    public void A_group_mean_counts_all_and_a_lone_completion_has_none()
    {
        using var logProb = torch.tensor([-1.0, -2, -3]);
        Assert.Throws<ArgumentException>("groups", () => ScoreFunction.Loss(logProb, [1, 2, 3], [5, 5, 4], Baseline.GroupMean));
        using var alone = ScoreFunction.Loss(logProb, [1, 2, 3], [5, 5, 4], Baseline.Constant(1));
        Assert.True(double.IsFinite(alone.ToDouble()));
    }

    /// <summary>The gradient of a loss by log pi_theta is minus the advantages over B.</summary>
    private static void AssertSlopes(double[] advantages, double[] log, Func<torch.Tensor, torch.Tensor> loss, double tolerance = 1e-10)
    {
        using var logProb = torch.tensor(log, requires_grad: true);
        using var value = loss(logProb);
        value.backward();
        using var gradient = logProb.grad!;
        double[] slopes = gradient.data<double>().ToArray();
        Assert.Equal(advantages.Length, slopes.Length);
        for (int i = 0; i < slopes.Length; i++)
            Assert.Equal(advantages[i], -slopes[i] * log.Length, tolerance);
    }

    private static double[] Of(int[] groups, Func<int, double> advantage) => [.. Enumerable.Range(0, groups.Length).Select(advantage)];

    private static double[] Returns(double[] log, double[] targets) => [.. targets.Zip(log, (target, value) => target - value)];

    private static IEnumerable<int> Group(int[] groups, int i) => Enumerable.Range(0, groups.Length).Where(j => groups[j] == groups[i]);

    private static IEnumerable<int> Others(int[] groups, int i) => Group(groups, i).Where(j => j != i);
}
