using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>Scores completions: computes log pi_ref(y | x), then asks the reward model for r(x, y).</summary>
/// <remarks>As thread-safe as the reference and the reward model. No tensor outlives the synchronous part.</remarks>
public sealed class Scorer
{
    private Lazy<ScoringIdentity> _origin;

    /// <summary>Creates a scorer.</summary>
    /// <param name="reference">pi_ref, never updated; with full support, and none of its parameters requires a gradient.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="options">How failures and truncated completions are treated; use the same for the reference table.</param>
    /// <exception cref="ArgumentException">The reference truncates its distribution or trains, or an option is out of range.</exception>
    public Scorer(IPolicy reference, IRewardModel reward, ScoringOptions? options = null)
        : this(reference, reward, options, mayTrain: false) { }

    /// <summary>A scorer that may also be about a policy that trains: literal Best-of-N of it.</summary>
    internal Scorer(IPolicy reference, IRewardModel reward, ScoringOptions? options, bool mayTrain)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(reward);
        if (!reference.HasFullSupport)
            throw new ArgumentException(
                $"The reference {reference.GetType().Name} truncates its distribution (top-k or top-p), so a completion of another policy "
                    + $"can have log pi_ref = -infinity. Use a reference without truncation.",
                nameof(reference)
            );
        if (!mayTrain && reference.IsTrainable)
            throw new ArgumentException(
                $"The reference {reference.GetType().Name} trains: one of its parameters requires a gradient, so that training could "
                    + $"change what the policy is compared with. Give a frozen one: TabularPolicy.CloneFrozen, module.FrozenCopy, or the "
                    + $"base model of adapters after Freeze().",
                nameof(reference)
            );
        (Reference, Reward, Options) = (reference, reward, options ?? new ScoringOptions());
        Options.Validate();
        _origin = NewOrigin();
    }

    /// <summary>pi_ref.</summary>
    public IPolicy Reference { get; }

    /// <summary>The reward model.</summary>
    public IRewardModel Reward { get; }

    /// <summary>How failures and truncated completions are treated.</summary>
    public ScoringOptions Options { get; }

    /// <summary>What the numbers of this scorer come from: computed at the first use,
    /// which may cost a pass over the weights of the reference, and kept.</summary>
    public ScoringIdentity Origin => _origin.Value;

    /// <summary>Scores completions and groups neighbours of one prompt.</summary>
    /// <remarks>Nothing is dropped: samples without a reward are in <see cref="ScoredBatch.Drawn"/>,
    /// and a completion that is left alone in its group stays.</remarks>
    /// <param name="completions">Completions ordered by prompt, as <see cref="IPolicy.Sample"/> returns them.</param>
    /// <param name="cancellationToken">Stops the reward model.</param>
    /// <returns>The scored completions with their groups.</returns>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    /// <exception cref="ArithmeticException">log pi_ref of a completion is not a finite number at most 0; the message names it.</exception>
    public Task<ScoredBatch> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(completions);
        int[] groups = new int[completions.Count];
        for (int i = 1; i < groups.Length; i++)
            groups[i] = groups[i - 1] + (completions[i].Prompt == completions[i - 1].Prompt ? 0 : 1);
        return ScoreAsync(completions, groups, cancellationToken);
    }

    /// <summary>Scores completions of which each K are of one group;
    /// where <paramref name="mayBeNone"/>, also when none has a reward.</summary>
    internal Task<ScoredBatch> ScoreAsync(
        IReadOnlyList<Completion> completions,
        int completionsPerGroup,
        CancellationToken cancellationToken,
        bool mayBeNone = false
    ) =>
        ScoreAsync(
            completions,
            [.. Enumerable.Range(0, completions.Count).Select(i => i / completionsPerGroup)],
            LogReference(completions),
            cancellationToken,
            mayBeNone
        );

    /// <summary>Makes the identity anew: the weights of a moving anchor have changed.</summary>
    internal void ForgetOrigin() => _origin = NewOrigin();

    private async Task<ScoredBatch> ScoreAsync(IReadOnlyList<Completion> completions, int[] groups, CancellationToken cancellationToken) =>
        await ScoreAsync(completions, groups, LogReference(completions), cancellationToken).ConfigureAwait(false);

    /// <summary>Gives rewards to completions whose log pi_ref is known.</summary>
    internal async Task<ScoredBatch> ScoreAsync(
        IReadOnlyList<Completion> completions,
        int[] groups,
        double[] logReference,
        CancellationToken cancellationToken,
        bool mayBeNone = false
    )
    {
        CheckedRewards found = await CheckedScoring
            .ScoreComponentsAsync(Reward, completions, Options, cancellationToken, mayBeNone)
            .ConfigureAwait(false);
        return new ScoredBatch(
            completions.Select((completion, i) => new ScoredSample(completion, found.Rewards[i], logReference[i])),
            groups,
            Origin,
            found.Components.Select(part => KeyValuePair.Create(part.Key, part.Value.ToImmutableArray()))
        );
    }

    private Lazy<ScoringIdentity> NewOrigin() => new(() => new ScoringIdentity(Reference.Identity, Reward.Identity, Options.Identity));

    /// <summary>log pi_ref of each.</summary>
    /// <exception cref="ArithmeticException">One is not a finite number at most 0; the message names it.</exception>
    internal double[] LogReference(IReadOnlyList<Completion> completions)
    {
        double[] values = Reference.LogProbValues(completions);
        for (int i = 0; i < values.Length; i++)
        {
            if (!ScoredSample.CanBeLogReference(values[i]))
                throw new ArithmeticException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"log pi_ref of completion {i} of prompt \"{completions[i].Prompt}\" is {values[i]}; it must be finite and at "
                            + $"most 0. Reference and policy must share vocabulary, temperature and maximum length."
                    )
                );
            values[i] = Math.Min(0, values[i]); // float32 log-softmax may round a certain token to just above 0
        }

        return values;
    }
}
