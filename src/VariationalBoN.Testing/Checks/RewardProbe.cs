using VariationalBoN.Rewards;

namespace VariationalBoN.Testing.Checks;

/// <summary>The reward model under check and what it says of the completions in one batch. Not thread-safe.</summary>
internal sealed class RewardProbe(
    IRewardModel reward,
    Completion[] completions,
    RewardCheckOptions options,
    CancellationToken cancellationToken
)
{
    public Completion[] Completions => completions;

    public RewardCheckOptions Options => options;

    public IRewardModel Reward => reward;

    /// <summary>The rewards of all completions from one call.</summary>
    public double[] Rewards { get; set; } = [];

    /// <summary>The unit of tolerances: the standard deviation of the rewards, or their size where they are all equal.</summary>
    public double Spread { get; private set; } = 1;

    /// <summary>Scorings compared so far.</summary>
    public RewardComparison All { get; private set; }

    /// <summary>Scores completions in as few calls as the reward model and the scoring options allow.</summary>
    public async Task<double[]> ScoreAsync(IReadOnlyList<Completion> some)
    {
        int most = Math.Min((options.Scoring ?? new ScoringOptions()).BatchSize, reward.MaxBatchSize);
        if (most < 1)
            throw new InvalidOperationException($"MaxBatchSize is {most}; it must be at least 1.");
        var rewards = new List<double>(some.Count);
        foreach (Completion[] part in some.Chunk(most))
        {
            cancellationToken.ThrowIfCancellationRequested();
            RewardScores scores =
                await reward.ScoreAsync(part, cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("It returned null instead of a list of rewards.");
            if (scores.Count != part.Length)
                throw new InvalidOperationException(
                    $"It returned {scores.Count} rewards for {part.Length} completions; it must return one for each, in their order."
                );
            rewards.AddRange(scores);
        }

        return [.. rewards];
    }

    /// <summary>Scores with the scoring options of the table.</summary>
    public Task<IReadOnlyList<double?>> ScoreCheckedAsync(IReadOnlyList<Completion> some) =>
        reward.ScoreCheckedAsync(some, options.Scoring, cancellationToken);

    public void Measure()
    {
        Spread = MathNet.Numerics.Statistics.Statistics.PopulationStandardDeviation(Rewards);
        if (!(Spread > 0))
            Spread = Math.Max(Rewards.Max(Math.Abs), double.Epsilon);
    }

    /// <summary>The result of comparing a second scoring of some completions, by index, with the first.</summary>
    public CheckResult Compare(string name, int[] indices, double[] again, string what, params string[] causes)
    {
        RewardComparison comparison = RewardComparison.Of(
            [.. indices.Select(i => completions[i])],
            [.. indices.Select(i => Rewards[i])],
            again
        );
        All = All.With(comparison);
        return CheckResult.Of(
            name,
            comparison.Difference / Spread,
            options.Tolerance,
            $"largest difference, in standard deviations of the rewards, {what}{comparison.Ranks}",
            causes
        );
    }

    /// <summary>A few completions spread over all: those that are scored one by one.</summary>
    public int[] Subjects() =>
        [
            .. Enumerable
                .Range(0, Math.Min(options.SingleCalls, completions.Length))
                .Select(i => (int)((long)i * completions.Length / Math.Min(options.SingleCalls, completions.Length))),
        ];
}
