using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;
using VariationalBoN.Numerics;

namespace VariationalBoN.Experiments.Grid;

/// <summary>
/// Guided draws as a proposal: of k draws the best, or one by its importance weight. Numbers of every answer follow from one pool of draws of each
/// prompt, weighted by how much more often an answer is kept than drawn. Stateless.
/// </summary>
internal static class GridProposals
{
    private const int Subsets = 64;

    /// <summary>Held-out numbers of one of k guided draws towards the best of N.</summary>
    /// <param name="experiment">What is measured on.</param>
    /// <param name="head">The values.</param>
    /// <param name="n">N, where the answers are to go.</param>
    /// <param name="draws">k.</param>
    /// <param name="weighted">By importance weights, from draws guided to N; otherwise the best, from draws guided to N / k.</param>
    /// <param name="cancellationToken">Stops before the draws are scored.</param>
    public static async Task<MethodResult> MeasureAsync(Experiment experiment, ValueHead head, int n, int draws, bool weighted, CancellationToken cancellationToken)
    {
        int pool = experiment.Settings.EvaluationCompletions;
        var guided = new GuidedPolicy(experiment.Reference, head, RankWeight.BestOf(weighted ? n : Math.Max(1, (double)n / draws)));
        IBoNDistribution bestOfN = experiment.Table.BestOf(n, onWarning: _ => { });
        var drawn = guided.Sample(experiment.HeldOutPrompts, pool, new DrawSeed(experiment.Seed, DrawPurpose.Evaluation), cancellationToken);
        var scored = await new Scorer(experiment.Reference, experiment.Reward).ScoreAsync(drawn, cancellationToken);
        double[] logGuided = guided.LogProbValues(scored.Completions);
        var prompts = Enumerable.Range(0, scored.Count).GroupBy(i => scored.Groups[i]).Select(group => Of([.. group])).ToArray();
        Estimate winRate = Over(prompt => prompt.WinRate), kl = Over(prompt => prompt.Kl), length = Over(prompt => prompt.Length);
        return new MethodResult
        {
            Method = Method.Guided,
            N = n,
            Reward = Over(prompt => prompt.Reward),
            WinRate = winRate,
            EffectiveN = new Estimate(winRate.Value / (1 - winRate.Value), winRate.StandardError / Math.Pow(1 - winRate.Value, 2), winRate.Count),
            Kl = kl,
            Length = length,
            DistinctShare = Over(prompt => prompt.Distinct),
            TokensGenerated = new Estimate(draws * length.Value, draws * length.StandardError, length.Count),
            ObjectiveGap = Over(prompt => prompt.Gap),
            Distance = new Estimate(WinRateCurve.BestOfN(Math.Max(0, kl.Value)) - winRate.Value, winRate.StandardError, winRate.Count),
        };

        Estimate Over(Func<PromptNumbers, double> number) => Estimate.FromObservations(prompts.Select(number));

        PromptNumbers Of(int[] rows)
        {
            EmpiricalRewardCdf cdf = experiment.Table[scored[rows[0]].Completion.Prompt].Cdf;
            double[] logWeights = [.. rows.Select(i => bestOfN.LogDensity(scored[i]) - logGuided[i])];
            double[] kept = weighted ? ByImportance(logWeights, draws, experiment.Seed) : ByReward([.. rows.Select(i => scored[i].Reward)], draws);
            double Mean(Func<int, double> value) => Enumerable.Range(0, rows.Length).Sum(j => kept[j] == 0 ? 0 : kept[j] * value(j)) / rows.Length;
            return new PromptNumbers(
                Mean(j => scored[rows[j]].Reward), Mean(j => cdf.MidRank(scored[rows[j]].Reward)), Mean(j => logGuided[rows[j]] + Math.Log(kept[j]) - scored[rows[j]].LogReference),
                Mean(j => Math.Log(kept[j]) - logWeights[j]), Mean(j => scored[rows[j]].Completion.Tokens.Length), rows.Select(i => scored[i].Completion.Text).Distinct().Count() / (double)rows.Length);
        }
    }

    /// <summary>How much more often a draw is kept than drawn, by its weight: the mean over random sets of others; their mean is 1.</summary>
    public static double[] ByImportance(double[] logWeights, int draws, long seed)
    {
        double largest = logWeights.Max();
        double[] weights = [.. logWeights.Select(log => Math.Exp(log - largest))], kept = new double[weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            var random = new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), "proposals", i);
            for (int set = 0; set < Subsets; set++)
            {
                double total = weights[i];
                for (int j = 1; j < draws; j++)
                    total += weights[(i + 1 + (int)(random.Uniform((set * draws) + j) * (weights.Length - 1))) % weights.Length];
                kept[i] += draws * weights[i] / total / Subsets;
            }
        }

        double mean = kept.Average();
        return [.. kept.Select(value => value / mean)];
    }

    /// <summary>How much more often a draw is kept than drawn, as the best of a random set of k: 0 for the k - 1 worst; ties share.</summary>
    public static double[] ByReward(double[] rewards, int draws)
    {
        int count = rewards.Length;
        double[] ofRank = new double[count]; // (choose k - 1 of the rank below) / (choose k of all), times the count
        for (int rank = draws - 1; rank < count; rank++)
        {
            ofRank[rank] = draws;
            for (int j = 0; j < draws - 1; j++)
                ofRank[rank] *= (rank - j) / (double)(count - 1 - j);
        }

        int[] ascending = [.. Enumerable.Range(0, count).OrderBy(i => rewards[i])];
        double[] kept = new double[count];
        foreach (var level in ascending.Select((i, rank) => (i, rank)).GroupBy(pair => rewards[pair.i]))
        {
            double mean = level.Average(pair => ofRank[pair.rank]);
            foreach ((int i, _) in level)
                kept[i] = mean;
        }

        return kept;
    }

    private sealed record PromptNumbers(double Reward, double WinRate, double Kl, double Gap, double Length, double Distinct);
}
