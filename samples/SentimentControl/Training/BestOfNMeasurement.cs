using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.BestOfN;

namespace SentimentControl.Training;

/// <summary>Literal Best-of-N on the held-out prompts: N fresh reference draws per answer, the best of them kept. Stateless.</summary>
internal static class BestOfNMeasurement
{
    private const int MostAnswers = 16;

    /// <summary>Draws and measures; KL is the mean of log pi_bon - log pi_ref over the answers.</summary>
    /// <param name="experiment">What all methods share.</param>
    /// <param name="n">N.</param>
    /// <param name="reference">The row of the reference, whose length tells what N draws cost.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public static async Task<MethodResult> RunAsync(Experiment experiment, double n, MethodResult reference, CancellationToken cancellationToken)
    {
        int answers = Math.Min(MostAnswers, experiment.Settings.EvaluationCompletions);
        string[] prompts = [.. experiment.HeldOutPrompts.SelectMany(prompt => Enumerable.Repeat(prompt, answers))];
        var sampler = new BestOfNSampler(experiment.Reference, experiment.Reward);
        var best = await sampler.SampleAsync(prompts, (int)n, experiment.Seed, cancellationToken);
        int[] prompt = [.. best.Select((_, i) => i / answers)];
        var bestOfN = experiment.Table.BestOf(n);
        Estimate Mean(Func<ScoredCompletion, double> value) => Estimate.FromClusters([.. best.Select(value)], prompt);

        var winRate = Mean(answer => experiment.Table[answer.Completion.Prompt].Cdf.MidRank(answer.Reward));
        double loss = 1 - winRate.Value;
        return new MethodResult
        {
            Method = Method.BestOfN,
            N = n,
            Reward = Mean(answer => answer.Reward),
            WinRate = winRate,
            EffectiveN = new Estimate(winRate.Value / loss, winRate.StandardError / (loss * loss), winRate.Count),
            Kl = Mean(bestOfN.LogRatio),
            Length = Mean(answer => answer.Completion.Tokens.Length),
            DistinctShare = Estimate.FromObservations(best.Chunk(answers).Select(group => (double)group.Select(answer => answer.Completion.Text).Distinct().Count() / answers)),
            TokensGenerated = new Estimate(n * reference.Length.Value, n * reference.Length.StandardError, reference.Length.Count),
        };
    }
}
