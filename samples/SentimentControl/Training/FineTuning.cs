using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Training;

/// <summary>One method at one setting of the default run: how to train it, and its place in the table.</summary>
/// <param name="Method">The method.</param>
/// <param name="N">Its N; for KL-constrained RL the N whose KL beta was matched to.</param>
/// <param name="Beta">beta of KL-constrained RL.</param>
/// <param name="BestOfN">The Best-of-N distribution of N.</param>
/// <param name="Cost">Its expected time, one on-policy run being 1.</param>
/// <param name="Fit">How it trains.</param>
internal sealed record FineTuning(Method Method, double N, double? Beta, EmpiricalBoNDistribution BestOfN, double Cost, Fit Fit)
{
    private const double LikelihoodCost = 0.4;

    public string Name => MethodResult.MethodName(Method) + (Beta is double beta ? FormattableString.Invariant($" β={beta:0.00}") : FormattableString.Invariant($" N={N:0}"));

    /// <summary>vBoN and BoN-SFT for each N, KL-constrained RL at the beta that matches the KL of Best-of-N for each N and for twice the largest.</summary>
    public static IReadOnlyList<FineTuning> Plan(Experiment experiment, IReadOnlyList<double> ns)
    {
        var plan = new List<FineTuning>();
        foreach (double n in ns)
            plan.Add(new FineTuning(Method.VariationalBestOfN, n, null, experiment.Table.BestOf(n), 1, Fits.ScoreFunctionOn(new ExactObjective())));
        foreach (double n in ns.Append(2 * ns[^1]))
        {
            double beta = MatchedBeta(experiment, n);
            plan.Add(new FineTuning(Method.KlConstrainedRl, n, beta, experiment.Table.BestOf(n), 1, Fits.ScoreFunctionOn(new GibbsObjective(beta))));
        }

        foreach (double n in ns)
            plan.Add(new FineTuning(Method.BestOfNSft, n, null, experiment.Table.BestOf(n), LikelihoodCost, Fits.BestOfNSft(n)));
        return plan;
    }

    /// <summary>The beta of KL-constrained RL that goes as far as Best-of-N.</summary>
    public static double MatchedBeta(Experiment experiment, double n) => GibbsTilt.BetaForKl(experiment.Table, experiment.TrainPrompts, BestOfNMath.KlUpperBound(n));

    /// <summary>Trains a copy of the reference.</summary>
    /// <returns>The fine-tuned model, the caller's to dispose.</returns>
    /// <exception cref="InvalidDataException">The guard stopped the run; the message names step and likely cause.</exception>
    public async Task<Gpt2> TrainAsync(Experiment experiment, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var tuned = await AlignmentRun.RunAsync(experiment, BestOfN, Fit, progress, cancellationToken);
        if (tuned.Stopped is null)
            return tuned.Model;
        tuned.Model.Dispose();
        throw new InvalidDataException($"{Name}: {tuned.Stopped}");
    }
}

/// <summary>Finds the beta of KL-constrained RL that goes as far from the reference as Best-of-N. Stateless.</summary>
internal static class GibbsTilt
{
    /// <summary>The beta whose tilt exp(r / beta) of the cached samples has, averaged over prompts, a given KL to the reference.</summary>
    /// <param name="table">The cached rewards.</param>
    /// <param name="prompts">The prompts to average over.</param>
    /// <param name="kl">The KL to reach in nats; what a cache of M samples cannot reach, above about log M, gives the smallest beta.</param>
    public static double BetaForKl(ReferenceTable table, IReadOnlyList<string> prompts, double kl)
    {
        (double low, double high) = (Math.Log(1e-3), Math.Log(1e6));
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (prompts.Average(prompt => Kl(table[prompt].Cdf.SortedRewards, Math.Exp(middle))) > kl)
                low = middle;
            else
                high = middle;
        }

        return Math.Exp((low + high) / 2);
    }

    /// <summary>sum_i w_i log(w_i M) of the weights w_i proportional to exp(r_i / beta).</summary>
    private static double Kl(ReadOnlySpan<double> rewards, double beta)
    {
        double largest = rewards[^1], sum = 0, tilted = 0;
        foreach (double reward in rewards)
        {
            double weight = Math.Exp((reward - largest) / beta);
            sum += weight;
            tilted += weight * (reward - largest) / beta;
        }

        return (tilted / sum) - Math.Log(sum / rewards.Length);
    }
}
