using System.Collections.Immutable;

namespace VariationalBoN.Rewards;

/// <summary>A judge of answers without their thinking. As thread-safe as the judge.</summary>
internal sealed class AnswerRewardModel : IRewardModel
{
    private readonly IRewardModel _judge;
    private readonly ThinkingOptions _options;

    public AnswerRewardModel(IRewardModel judge, ThinkingOptions options)
    {
        options.Validate();
        (_judge, _options) = (judge, options);
    }

    public ModelIdentity Identity =>
        new(
            "answers without thinking",
            ("judge", _judge.Identity),
            ("start", _options.Start),
            ("end", _options.End),
            ("starts inside", _options.StartsInside ? "yes" : "no"),
            ("most characters", _options.MaxCharacters is int most ? (IdentityValue)most : "any"),
            ("over budget", _options.RewardOverBudget is double reward ? (IdentityValue)reward : "judged")
        );

    public int MaxBatchSize => _judge.MaxBatchSize;

    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        var cut = completions.Select(completion => _options.Cut(completion.Text)).ToArray();
        bool[] over = [.. cut.Select(of => of.Length > _options.MaxCharacters)];
        int[] judged = [.. Enumerable.Range(0, cut.Length).Where(i => _options.RewardOverBudget is null || (cut[i].IsEnded && !over[i]))];
        RewardScores? scores =
            judged.Length == 0
                ? null
                : await _judge
                    .ScoreAsync([.. judged.Select(i => completions[i] with { Text = cut[i].Answer, Tokens = [] })], cancellationToken)
                    .ConfigureAwait(false);
        if (scores is not null && scores.Count != judged.Length)
            throw new InvalidOperationException($"{_judge.Identity.Name} returned {scores.Count} rewards for {judged.Length} completions.");
        double[] rewards = [.. Enumerable.Repeat(_options.RewardOverBudget ?? 0, cut.Length)];
        for (int i = 0; i < judged.Length; i++)
            rewards[judged[i]] = scores![i];
        return new RewardScores(
            rewards,
            [
                .. (scores?.Components ?? ImmutableSortedDictionary<string, ImmutableArray<double>>.Empty).Select(part =>
                    KeyValuePair.Create(part.Key, Spread(part.Value, judged, cut.Length))
                ),
                KeyValuePair.Create("thinking, characters", cut.Select(of => (double)of.Length).ToImmutableArray()),
                KeyValuePair.Create("thinking over budget", over.Select(value => value ? 1.0 : 0).ToImmutableArray()),
                KeyValuePair.Create("thinking without end", cut.Select(of => of.IsEnded ? 0.0 : 1).ToImmutableArray()),
            ]
        );
    }

    /// <summary>The parts of those that were judged; NaN, which reports leave out, for the others.</summary>
    private static ImmutableArray<double> Spread(ImmutableArray<double> values, int[] places, int count)
    {
        double[] all = [.. Enumerable.Repeat(double.NaN, count)];
        for (int i = 0; i < places.Length; i++)
            all[places[i]] = values[i];
        return [.. all];
    }
}
