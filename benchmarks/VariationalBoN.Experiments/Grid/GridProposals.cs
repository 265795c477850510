using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;
using VariationalBoN.Numerics;

namespace VariationalBoN.Experiments.Grid;

/// <summary>
/// Guided draws as a proposal: of k draws the best, or one by its importance weight. Numbers of every answer follow from one pool of draws
/// of each prompt, weighted by how much more often an answer is kept than drawn. Stateless.
/// </summary>
internal static class GridProposals
{
    /// <summary>Held-out numbers of one of k guided draws towards the best of N.</summary>
    /// <param name="experiment">What is measured on.</param>
    /// <param name="head">The values.</param>
    /// <param name="n">N, where the answers are to go.</param>
    /// <param name="draws">k.</param>
    /// <param name="weighted">By importance weights, from draws guided to N; otherwise the best, from draws guided to N / k.</param>
    /// <param name="cancellationToken">Stops before the draws are scored.</param>
    public static async Task<MethodResult> MeasureAsync(
        Experiment experiment,
        ValueHead head,
        int n,
        int draws,
        bool weighted,
        CancellationToken cancellationToken
    )
    {
        int pool = experiment.Settings.EvaluationCompletions;
        var guided = experiment.Guided(head, RankWeight.BestOf(weighted ? n : Math.Max(1, (double)n / draws)));
        IBoNDistribution bestOfN = experiment.Table.BestOf(n);
        var drawn = guided.Sample(
            experiment.HeldOutPrompts,
            pool,
            new DrawSeed(experiment.Seed, DrawPurpose.Evaluation),
            cancellationToken
        );
        var scored = await new Scorer(experiment.Reference, experiment.Reward).ScoreAsync(drawn, cancellationToken);
        double[] logGuided = guided.LogProbValues(scored.Completions);
        return Result(n, draws, [.. Enumerable.Range(0, scored.Count).GroupBy(i => scored.Groups[i]).Select(group => Pool([.. group]))]);

        PromptNumbers Pool(int[] rows)
        {
            EmpiricalRewardCdf cdf = experiment.Table[scored[rows[0]].Completion.Prompt].Cdf;
            double[] logWeights = [.. rows.Select(i => bestOfN.LogDensity(scored[i]) - logGuided[i])];
            KeptDraws kept = weighted
                ? KeptDraws.ByImportance(logWeights, draws, experiment.Seed)
                : KeptDraws.Best([.. rows.Select(i => scored[i].Reward)], draws);
            return PromptNumbers.Of(
                kept,
                j => scored[rows[j]].Reward,
                j => cdf.MidRank(scored[rows[j]].Reward),
                j => logGuided[rows[j]] - scored[rows[j]].LogReference,
                j => logWeights[j],
                j => scored[rows[j]].Completion.Tokens.Length,
                rows.Select(i => scored[i].Completion.Text).Distinct().Count() / (double)rows.Length
            );
        }
    }

    /// <summary>Means over prompts. The error of the distance is that of KL and win rate together: the slope of the curve at the mean KL
    /// times the deviation of KL, less that of the win rate.</summary>
    /// <param name="n">N.</param>
    /// <param name="draws">k.</param>
    /// <param name="prompts">The numbers of each prompt.</param>
    public static MethodResult Result(int n, int draws, IReadOnlyList<PromptNumbers> prompts)
    {
        Estimate winRate = Over(prompt => prompt.WinRate),
            kl = Over(prompt => prompt.Kl),
            length = Over(prompt => prompt.Length);
        double at = Math.Max(0, kl.Value),
            curve = WinRateCurve.BestOfN(at);
        // d win / d KL = n^2 / ((n - 1) (n + 1)^2); infinite at 0, where it says nothing
        double slope = at > 0 ? curve * curve / (WinRateCurve.NOf(at) - 1) : 0;
        return new MethodResult
        {
            Method = Method.Guided,
            N = n,
            Reward = Over(prompt => prompt.Reward),
            WinRate = winRate,
            EffectiveN = new Estimate(
                winRate.Value / (1 - winRate.Value),
                winRate.StandardError / Math.Pow(1 - winRate.Value, 2),
                winRate.Count
            ),
            Kl = kl,
            Length = length,
            DistinctShare = Over(prompt => prompt.Distinct),
            TokensGenerated = new Estimate(draws * length.Value, draws * length.StandardError, length.Count),
            ObjectiveGap = Over(prompt => prompt.Gap),
            Distance = Over(prompt => (slope * (prompt.Kl - kl.Value)) - prompt.WinRate) with { Value = curve - winRate.Value },
        };

        Estimate Over(Func<PromptNumbers, double> number) => Estimate.FromObservations(prompts.Select(number));
    }
}

/// <summary>Held-out numbers of one prompt; KL to the reference and the gap, that to Best-of-N, in nats.</summary>
internal sealed record PromptNumbers(double Reward, double WinRate, double Kl, double Gap, double Length, double Distinct)
{
    /// <summary>The numbers of what is kept of a pool; each function is given the place of a draw.</summary>
    /// <param name="kept">How often each draw is kept.</param>
    /// <param name="reward">Its reward.</param>
    /// <param name="rank">Its mid-rank among the reference's samples.</param>
    /// <param name="logRatio">log pi - log pi_ref of the policy that drew it.</param>
    /// <param name="logWeight">log pi_bon - log pi.</param>
    /// <param name="length">Its tokens.</param>
    /// <param name="distinct">The share of different texts in the pool.</param>
    public static PromptNumbers Of(
        KeptDraws kept,
        Func<int, double> reward,
        Func<int, double> rank,
        Func<int, double> logRatio,
        Func<int, double> logWeight,
        Func<int, double> length,
        double distinct
    ) =>
        new(
            kept.Mean(reward),
            kept.Mean(rank),
            kept.Divergence + kept.Mean(logRatio),
            kept.Divergence - kept.Mean(logWeight),
            kept.Mean(length),
            distinct
        );
}
