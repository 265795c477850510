using System.Collections.Immutable;
using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>Gives completions their two numbers: log pi_ref(y | x), then r(x, y).</summary>
/// <remarks>As thread-safe as the reference and the reward model. No tensor outlives the synchronous part.</remarks>
public sealed class Scorer
{
    /// <summary>Creates a scorer.</summary>
    /// <param name="reference">pi_ref, never updated; with full support.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="options">How failures and truncated completions are treated; use the same for the reference table.</param>
    /// <exception cref="ArgumentException">The reference truncates its distribution, or an option is out of range.</exception>
    public Scorer(IPolicy reference, IRewardModel reward, ScoringOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(reward);
        if (!reference.HasFullSupport)
            throw new ArgumentException($"The reference {reference.GetType().Name} truncates its distribution (top-k or top-p), so a completion of another policy can have log pi_ref = -infinity. Use a reference without truncation.", nameof(reference));
        (Reference, Reward, Options) = (reference, reward, options ?? new ScoringOptions());
        Options.Validate();
    }

    /// <summary>pi_ref.</summary>
    public IPolicy Reference { get; }

    /// <summary>The reward model.</summary>
    public IRewardModel Reward { get; }

    /// <summary>How failures and truncated completions are treated.</summary>
    public ScoringOptions Options { get; }

    /// <summary>Scores completions and groups neighbours of one prompt.</summary>
    /// <remarks>
    /// A completion that exclusions leave alone in a group that had company is excluded and counted as well: a baseline over the other
    /// completions of its prompt would have none.
    /// </remarks>
    /// <param name="completions">Completions ordered by prompt, as <see cref="IPolicy.Sample"/> returns them.</param>
    /// <param name="cancellationToken">Stops the reward model.</param>
    /// <returns>The scored completions with their groups, failures excluded if the options say so.</returns>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    /// <exception cref="ArithmeticException">log pi_ref of a completion is not a finite number at most 0; the message names it.</exception>
    public Task<ScoredBatch> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken = default) =>
        ScoreAsync(completions, keepLone: false, cancellationToken);

    /// <summary>The same; where no baseline is formed, a completion that is left alone can be kept.</summary>
    internal async Task<ScoredBatch> ScoreAsync(IReadOnlyList<Completion> completions, bool keepLone, CancellationToken cancellationToken) =>
        (await ScoreKeptAsync(completions, keepLone, cancellationToken).ConfigureAwait(false)).Scored;

    /// <summary>The same with the places, among the completions, of those that were kept.</summary>
    internal async Task<(ScoredBatch Scored, int[] Kept)> ScoreKeptAsync(IReadOnlyList<Completion> completions, bool keepLone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        double[] logReference = LogReference(completions);
        CheckedRewards found = await CheckedScoring.ScoreComponentsAsync(Reward, completions, Options, cancellationToken).ConfigureAwait(false);
        double?[] rewards = found.Rewards;

        int[] groups = new int[completions.Count];
        for (int i = 1; i < groups.Length; i++)
            groups[i] = groups[i - 1] + (completions[i].Prompt == completions[i - 1].Prompt ? 0 : 1);
        ILookup<int, int> drawn = Enumerable.Range(0, groups.Length).ToLookup(i => groups[i]);
        int[] kept = [.. drawn.SelectMany(group => Survivors(group, rewards, keepLone))];
        var scored = new ScoredBatch(
            kept.Select(i => new ScoredCompletion(completions[i], rewards[i]!.Value, logReference[i])),
            kept.Select(i => groups[i]),
            groups.Length - kept.Length,
            found.Components.Select(part => KeyValuePair.Create(part.Key, kept.Select(i => part.Value[i]).ToImmutableArray())));
        return (scored, kept);
    }

    private static int[] Survivors(IGrouping<int, int> group, double?[] rewards, bool keepLone)
    {
        int[] scored = [.. group.Where(i => rewards[i] is not null)];
        return !keepLone && scored.Length == 1 && group.Count() > 1 ? [] : scored;
    }

    private double[] LogReference(IReadOnlyList<Completion> completions)
    {
        double[] values = Reference.LogProbValues(completions);
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] <= 1e-4 && values[i] > double.NegativeInfinity))
                throw new ArithmeticException(FormattableString.Invariant($"log pi_ref of completion {i} of prompt \"{completions[i].Prompt}\" is {values[i]}; it must be finite and at most 0. Reference and policy must share vocabulary, temperature and maximum length."));
            values[i] = Math.Min(0, values[i]); // float32 log-softmax may round a certain token to just above 0
        }

        return values;
    }
}
