using SentimentControl.Reporting;
using VariationalBoN.BestOfN;
using VariationalBoN.Models;
using VariationalBoN.Numerics;
using VariationalBoN.Objectives;

namespace SentimentControl.Training;

/// <summary>One method at one setting: how to train it, and its place in the table.</summary>
/// <param name="Method">The method.</param>
/// <param name="N">Its N; for KL-constrained RL the N whose KL beta was matched to.</param>
/// <param name="Beta">beta of KL-constrained RL.</param>
/// <param name="BestOfN">The Best-of-N distribution of N.</param>
/// <param name="Cost">Its expected time, one on-policy run being 1.</param>
/// <param name="TrainAsync">Trains a copy of the reference.</param>
internal sealed record FineTuning(Method Method, double N, double? Beta, IBoNDistribution BestOfN, double Cost, Func<IProgress<double>, CancellationToken, Task<Gpt2>> TrainAsync)
{
    private const double LikelihoodCost = 0.4;

    public string Name => MethodResult.MethodName(Method) + (Beta is double beta ? FormattableString.Invariant($" β={beta:0.00}") : FormattableString.Invariant($" N={N:0}"));

    /// <summary>vBoN and BoN-SFT for each N, KL-constrained RL at the beta that matches the KL of Best-of-N for each N and for twice the largest.</summary>
    public static IReadOnlyList<FineTuning> Plan(Experiment experiment, IReadOnlyList<double> ns)
    {
        var plan = new List<FineTuning>();
        foreach (double n in ns)
        {
            var bestOfN = experiment.Table.BestOf(n);
            plan.Add(new FineTuning(Method.VariationalBestOfN, n, null, bestOfN, 1,
                (progress, ct) => AlignmentRun.TowardsAsync(experiment, bestOfN, new ExactObjective(), progress, ct)));
        }

        foreach (double n in ns.Append(2 * ns[^1]))
        {
            var bestOfN = experiment.Table.BestOf(n);
            double beta = GibbsTilt.BetaForKl(experiment.Table, experiment.TrainPrompts, BestOfNMath.KlUpperBound(n));
            plan.Add(new FineTuning(Method.KlConstrainedRl, n, beta, bestOfN, 1,
                (progress, ct) => AlignmentRun.TowardsAsync(experiment, bestOfN, new GibbsObjective(beta), progress, ct)));
        }

        foreach (double n in ns)
        {
            plan.Add(new FineTuning(Method.BestOfNSft, n, null, experiment.Table.BestOf(n), LikelihoodCost,
                (progress, ct) => Task.FromResult(AlignmentRun.OnBestSamples(experiment, n, progress, ct))));
        }

        return plan;
    }
}
