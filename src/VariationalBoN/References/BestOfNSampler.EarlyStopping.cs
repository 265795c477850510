using System.Diagnostics.CodeAnalysis;
using VariationalBoN.BestOfN;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

public sealed partial class BestOfNSampler
{
    private const int CompletionsPerBatch = 4096;

    /// <summary>The best of at most n completions of each prompt: drawing ends when one more
    /// is not worth its cost. Its answers do not follow the Best-of-N distribution.</summary>
    /// <remarks>
    /// Completion k of a prompt is that of <see cref="SampleAsync"/> with the same seed, so that the answers can be compared. With b draws
    /// in a round and p the probability under
    /// the reference of a reward that is good enough, an answer y that is good enough has the probability pi_ref(y) (1 - (1 - p)^n) / p
    /// for b = 1; one that is not,
    /// that of the best of n. Draws without a reward count as drawn.
    /// </remarks>
    /// <param name="prompts">At least one prompt; a prompt that stands twice gets different draws.</param>
    /// <param name="n">The most draws of a prompt, at least 1.</param>
    /// <param name="stopping">When to stop; its table must be of this policy, reward model and scoring.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Serving"/>.</param>
    /// <param name="cancellationToken">Stops between rounds.</param>
    /// <returns>The answers in order, the draws of each, and what was saved and lost.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table,
    /// and <see cref="EarlyStopping.DrawFullyWithoutTable"/> is off.</exception>
    /// <exception cref="InvalidOperationException">The table was made with something else; the message names it.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of the n of a prompt.</exception>
    [Experimental(ExperimentalIds.EarlyStopping)]
    public async Task<EarlyStoppedAnswers> SampleUntilGoodEnoughAsync(
        IReadOnlyList<Prompt> prompts,
        int n,
        EarlyStopping stopping,
        long seed,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(stopping);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to answer; give at least one.", nameof(prompts));
        stopping.Table.RequireMatch(_scorer);
        Dictionary<Prompt, EmpiricalRewardCdf?> cdfs = prompts.Distinct().ToDictionary(prompt => prompt, stopping.Find);
        var answers = new Search[prompts.Count];
        var seen = new Dictionary<Prompt, int>();
        for (int i = 0; i < answers.Length; i++)
        {
            int before = seen.GetValueOrDefault(prompts[i]);
            answers[i] = new Search(prompts[i], before, cdfs[prompts[i]]);
            seen[prompts[i]] = before + 1;
        }

        // Answers to one prompt have seeds of their own, so they take turns; those to different prompts are drawn together.
        foreach (var turn in answers.GroupBy(answer => answer.Turn))
        {
            foreach (Search[] batch in turn.Chunk(Math.Max(1, CompletionsPerBatch / stopping.DrawsPerRound)))
                await DrawAsync(batch, n, stopping, new DrawSeed(seed, DrawPurpose.Serving, checked(turn.Key * n)), cancellationToken)
                    .ConfigureAwait(false);
        }

        Dictionary<Prompt, int> places = cdfs
            .Keys.Select((prompt, place) => (prompt, place))
            .ToDictionary(pair => pair.prompt, pair => pair.place);
        double[] lost =
        [
            .. answers.Select(answer =>
                answer.Cdf is null ? 0 : EarlyStopping.Lost(answer.Cdf, answer.Best!.Value.Reward, n - answer.Draws)
            ),
        ];
        return new EarlyStoppedAnswers
        {
            Answers = [.. answers.Select(answer => answer.Best!.Value)],
            Draws = [.. answers.Select(answer => answer.Draws)],
            MaxDraws = n,
            RewardLost =
                cdfs.Count == 1
                    ? Estimate.FromObservations(lost)
                    : Estimate.FromClusters(lost, [.. prompts.Select(prompt => places[prompt])]),
            WithoutTable = answers.Count(answer => answer.Cdf is null),
        };
    }

    private async Task DrawAsync(Search[] batch, int n, EarlyStopping stopping, DrawSeed seed, CancellationToken cancellationToken)
    {
        for (int drawn = 0; drawn < n && batch.Length > 0; drawn += stopping.DrawsPerRound)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int round = Math.Min(stopping.DrawsPerRound, n - drawn);
            IReadOnlyList<Completion> completions = _scorer.Reference.Sample(
                [.. batch.Select(answer => answer.Prompt)],
                round,
                seed with
                {
                    FirstSample = checked(seed.FirstSample + drawn),
                },
                cancellationToken
            );
            // the next round may have one
            ScoredBatch scored = await _scorer.ScoreAsync(completions, round, cancellationToken, mayBeNone: true).ConfigureAwait(false);
            for (int i = 0; i < scored.Count; i++)
            {
                Search answer = batch[scored.Groups[i]];
                if (answer.Best is null || scored[i].Reward > answer.Best.Value.Reward)
                    answer.Best = scored[i];
            }

            foreach (Search answer in batch)
                answer.Draws = drawn + round;
            batch =
            [
                .. batch.Where(answer =>
                    answer.Cdf is null || answer.Best is null || !stopping.IsGoodEnough(answer.Cdf, answer.Best.Value.Reward)
                ),
            ];
        }

        if (batch.FirstOrDefault(answer => answer.Best is null) is { } none)
            throw new RewardModelException(
                $"None of the {n} completions of the prompt \"{none.Prompt}\" could be scored; all were excluded."
            );
    }

    private sealed class Search(Prompt prompt, int turn, EmpiricalRewardCdf? cdf)
    {
        public Prompt Prompt => prompt;

        public int Turn => turn;

        public EmpiricalRewardCdf? Cdf => cdf;

        public ScoredCompletion? Best { get; set; }

        public int Draws { get; set; }
    }
}
