using VariationalBoN.BestOfN;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Iterated Best-of-N: the objective is the best of n draws of an anchor that itself moves towards the policy,
/// its reward table drawn afresh.</summary>
/// <remarks>
/// The best of a draws of Best-of-b is Best-of-(a b): m rounds of n = 2, each ending with the policy becoming the anchor, aim at
/// Best-of-2^m while each needs a few samples a prompt only, and no table of the first reference has to reach the far tail. Move the anchor
/// between rounds by <see cref="ModuleExtensions.MoveTowards"/> with rate 1, or at every step with a small one (exponential moving
/// average), which lets N grow for as long as training goes on, with n = 2 by up to e^(rate steps). The KL of a batch scored here is that
/// to the anchor, which stays small however far both have gone: what limits the drift from the first reference must score a few completions
/// of the policy by a <see cref="Scorer"/> over a frozen copy of that. Source: Sessa et al., "BOND", arXiv 2407.14622.
/// Not thread-safe; nothing may move the anchor during a call.
/// </remarks>
public sealed class MovingAnchor
{
    private readonly int _samplesPerPrompt;
    private bool _warned;

    /// <summary>Creates a moving anchor.</summary>
    /// <param name="anchor">The policy in the place of the reference; with full support, moved by the caller.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="samplesPerPrompt">M of each refresh, at least 1; about 4 to 16 for n = 2.</param>
    /// <param name="options">How failures and truncated completions are treated.</param>
    /// <exception cref="ArgumentException">The anchor truncates its distribution or trains, or an option is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samplesPerPrompt"/> is below 1.</exception>
    public MovingAnchor(IPolicy anchor, IRewardModel reward, int samplesPerPrompt, ScoringOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerPrompt, 1);
        Scorer = new Scorer(anchor, reward, options);
        _samplesPerPrompt = samplesPerPrompt;
    }

    /// <summary>Scores completions of the policy: their log pi_ref is that of the anchor as it is at the call.</summary>
    public Scorer Scorer { get; }

    /// <summary>Says that the anchor has moved: completions scored from now on carry its new identity. <see cref="RefreshAsync"/>
    /// does so itself; call this when completions are scored between a move and the next refresh.</summary>
    public void Moved() => Scorer.ForgetOrigin();

    /// <summary>Draws fresh samples of the anchor and makes the Best-of-n distribution of it.</summary>
    /// <param name="prompts">At least one prompt; a prompt that stands twice is sampled once.</param>
    /// <param name="n">N relative to the anchor; finite, at least 1.</param>
    /// <param name="seed">Fixes the draws, such as the step.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The distribution; it knows these prompts alone and is for completions scored before the anchor moves again.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of a prompt.</exception>
    public async Task<EmpiricalBoNDistribution> RefreshAsync(
        IReadOnlyList<Prompt> prompts,
        double n,
        long seed,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to refresh; give at least one.", nameof(prompts));
        Scorer.ForgetOrigin(); // the anchor may have moved since
        Prompt[] distinct = [.. prompts.Distinct()];
        IReadOnlyList<Completion> drawn = Scorer.Reference.Sample(
            distinct,
            _samplesPerPrompt,
            new DrawSeed(seed, DrawPurpose.Reference),
            cancellationToken
        );
        double?[] rewards = await CheckedScoring.ScoreAsync(Scorer.Reward, drawn, Scorer.Options, cancellationToken).ConfigureAwait(false);
        var cdfs = new Dictionary<Prompt, EmpiricalRewardCdf>();
        foreach (var samples in Enumerable.Range(0, drawn.Count).GroupBy(i => drawn[i].Prompt))
        {
            double[] known = [.. samples.Select(i => rewards[i]).OfType<double>()];
            cdfs[samples.Key] =
                known.Length > 0
                    ? new EmpiricalRewardCdf(known)
                    : throw new RewardModelException(
                        $"None of the {_samplesPerPrompt} anchor samples of the prompt \"{samples.Key}\" could be scored; all were "
                            + $"excluded."
                    );
        }

        var distribution = new EmpiricalBoNDistribution(cdfs, n, logger: _warned ? null : Scorer.Options.Logger, origin: Scorer.Origin);
        _warned |= distribution.Warning is not null; // once for a run, not at each refresh
        return distribution;
    }
}
