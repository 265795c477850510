using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Losses;
using VariationalBoN.Objectives;
using VariationalBoN.Torch;

namespace VariationalBoN.CrashHost;

/// <summary>Each loss with its gradient, and the Best-of-N distribution on a device.</summary>
internal static class StressLosses
{
    private const int Rows = 8,
        Quick = 10;
    private static readonly int[] s_groups = [0, 0, 0, 0, 1, 1, 1, 1];

    public static IEnumerable<StressCall> Calls(StressResources resources)
    {
        double[] targets = Numbers(1),
            old = Numbers(2),
            other = Numbers(3),
            weights = [.. Numbers(4).Select(Math.Abs)];
        yield return Loss("score function", (logProb, _) => ScoreFunction.Loss(logProb, targets, s_groups));
        yield return Loss("score function, group mean", (logProb, _) => ScoreFunction.Loss(logProb, targets, s_groups, Baseline.GroupMean));
        yield return Loss("clipped ratio", (logProb, _) => ClippedRatio.Loss(logProb, old, targets, s_groups));
        yield return Loss("weighted likelihood", (logProb, _) => WeightedLikelihood.Loss(logProb, weights, s_groups));
        yield return Loss("squared log-ratio, centred", (logProb, _) => SquaredLogRatio.Centred(logProb, targets, s_groups));
        yield return Loss("squared log-ratio, known", (logProb, _) => SquaredLogRatio.Known(logProb, targets));
        yield return Loss("Jeffreys", (logProb, worst) => Jeffreys.Loss(logProb.mean(), worst.mean(), 0.3));
        yield return Loss("IPO", (best, worst) => PairLoss.Ipo(best, worst, old, other, beta: 0.1));
        yield return Loss("DPO", (best, worst) => PairLoss.Dpo(best, worst, old, other, beta: 0.1));
        yield return Loss("BoNBoN", (best, worst) => PairLoss.BonBon(best, worst, old, other, n: 4));
        yield return Loss(
            "distillation",
            (own, teacher) => Distillation.Loss(own.view(4, 2).log_softmax(1), teacher.view(4, 2).log_softmax(1), completions: 2)
        );
        EmpiricalRewardCdf[] cdfs = [new(Numbers(5)), new(Numbers(6))];
        foreach (RatioEstimator estimator in Enum.GetValues<RatioEstimator>())
            yield return Device(resources.Keep(new TorchBoNDistribution(cdfs, n: 3, estimator: estimator)));
    }

    private static StressCall Loss(string name, Func<torch.Tensor, torch.Tensor, torch.Tensor> loss) =>
        new(
            $"loss {name}",
            () =>
            {
                using var scope = torch.NewDisposeScope();
                var first = torch.tensor(Numbers(7), requires_grad: true);
                var second = torch.tensor(Numbers(8), requires_grad: true);
                var value = loss(first, second);
                value.backward();
                return [value.item<double>(), .. Values(first.grad), .. Values(second.grad)];
            },
            Quick
        );

    private static StressCall Device(TorchBoNDistribution distribution) =>
        new(
            $"device {distribution.Estimator}",
            () =>
            {
                using var scope = torch.NewDisposeScope();
                var prompts = torch.tensor(Array.ConvertAll(s_groups, group => (long)group));
                torch.Tensor reward = torch.tensor(Numbers(9)),
                    logReference = torch.tensor([.. Numbers(10).Select(value => -1 - Math.Abs(value))]);
                return
                [
                    .. Values(distribution.LogDensity(prompts, reward, logReference)),
                    .. Values(distribution.LogLowerBound(prompts, reward, logReference, CdfSide.Midpoint)),
                    .. Values(TorchBoNDistribution.LogGibbs(reward, logReference, 0.5)),
                ];
            },
            Quick
        );

    private static double[] Values(torch.Tensor? tensor) => tensor is null ? [] : [.. tensor.data<double>()];

    private static double[] Numbers(int seed) => [.. Enumerable.Range(0, Rows).Select(i => Math.Sin((seed * 100) + i))];
}
