using SentimentControl.Datasets;
using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;
using VariationalBoN.Numerics;
using VariationalBoN.References;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Training;

/// <summary>One method at one setting of the default run: how to train it, and its place in the table.</summary>
/// <param name="Method">The method.</param>
/// <param name="N">Its N; for KL-constrained RL the N whose KL beta was matched to.</param>
/// <param name="Beta">beta of KL-constrained RL.</param>
/// <param name="BestOfN">The Best-of-N distribution of N.</param>
/// <param name="Cost">Its expected time, one on-policy run being 1.</param>
/// <param name="Recipe">How it trains.</param>
internal sealed record FineTuning(Method Method, double N, double? Beta, EmpiricalBoNDistribution BestOfN, double Cost, Recipe Recipe)
{
    /// <summary>Its own sizes; null for those of the run.</summary>
    public RunSettings? Settings { get; init; }

    private const double LikelihoodCost = 0.4,
        SmallestBeta = 1e-3;

    public string Name =>
        MethodResult.MethodName(Method)
        + (Beta is double beta ? FormattableString.Invariant($" β={beta:0.00}") : FormattableString.Invariant($" N={N:0}"));

    /// <summary>vBoN, the tilt by ranks and BoN-SFT for each N, KL-constrained RL at the beta that
    /// matches the KL of Best-of-N for each N and for twice the largest.</summary>
    public static IReadOnlyList<FineTuning> Plan(Experiment experiment, IReadOnlyList<double> ns)
    {
        var plan = new List<FineTuning>();
        foreach (double n in ns)
            plan.Add(
                new FineTuning(
                    Method.VariationalBestOfN,
                    n,
                    null,
                    experiment.Table.BestOf(n),
                    1,
                    Recipes.ScoreFunctionOn(bestOfN => new ExactObjective(bestOfN))
                )
            );
        foreach (double n in ns)
            plan.Add(
                new FineTuning(
                    Method.CalibratedTilt,
                    n,
                    null,
                    experiment.Table.BestOf(n),
                    1,
                    Recipes.ScoreFunctionOn(CalibratedTiltObjective.ForN)
                )
            );
        foreach (double n in ns.Append(2 * ns[^1]))
        {
            double beta = MatchedBeta(experiment, n);
            plan.Add(
                new FineTuning(
                    Method.KlConstrainedRl,
                    n,
                    beta,
                    experiment.Table.BestOf(n),
                    1,
                    Recipes.ScoreFunctionOn(_ => new GibbsObjective(beta))
                )
            );
        }

        foreach (double n in ns)
            plan.Add(new FineTuning(Method.BestOfNSft, n, null, experiment.Table.BestOf(n), LikelihoodCost, Recipes.BestOfNSft(n)));
        return plan;
    }

    /// <summary>vBoN with values along the answer for each N that they can tell:
    /// what comes nearest to Best-of-N in the time of a run.</summary>
    public static IReadOnlyList<FineTuning> WithValues(Experiment experiment, IReadOnlyList<double> ns, Lazy<Task<ValueHead>> head)
    {
        RunSettings settings = experiment.Settings.Valued();
        return
        [
            .. from n in ns
            where n <= settings.SamplesPerPrompt
            select new FineTuning(
                Method.ValuedBestOfN,
                n,
                null,
                experiment.Table.BestOf(n),
                1.5 * experiment.Settings.ValuedSteps,
                Nearest(n)
            )
            {
                Settings = settings,
            },
        ];

        Recipe Nearest(double n)
        {
            Recipe? recipe = null;
            return async (run, step, ct) =>
            {
                if (recipe is null)
                {
                    ValueHead value = await head.Value;
                    var weight = RankWeight.BestOf(n);
                    recipe = Recipes
                        .Distilled(value, weight)
                        .Then(Recipes.ScoreFunctionWith(value, weight, RunSettings.Lambda), RunSettings.DistilledPart);
                }

                return await recipe(run, step, ct);
            };
        }
    }

    /// <summary>The beta of KL-constrained RL that goes as far as Best-of-N;
    /// where a small table cannot show that KL, one so small that its best samples are the target.</summary>
    public static double MatchedBeta(Experiment experiment, double n)
    {
        double kl = BestOfNMath.KlUpperBound(n);
        return kl < GibbsTilt.LargestKl(experiment.Table, experiment.TrainPrompts)
            ? GibbsTilt.BetaForKl(experiment.Table, experiment.TrainPrompts, kl)
            : SmallestBeta;
    }

    /// <summary>Trains a copy of the reference.</summary>
    /// <returns>The fine-tuned model, the caller's to dispose.</returns>
    /// <exception cref="InvalidDataException">The guard stopped the run; the message names step and likely cause.</exception>
    public async Task<Gpt2> TrainAsync(Experiment experiment, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var tuned = await AlignmentRun.RunAsync(
            experiment with
            {
                Settings = Settings ?? experiment.Settings,
            },
            BestOfN,
            Recipe,
            progress,
            cancellationToken
        );
        if (tuned.Stopped is null)
            return tuned.Model;
        tuned.Model.Dispose();
        throw new InvalidDataException($"{Name}: {tuned.Stopped}");
    }
}
