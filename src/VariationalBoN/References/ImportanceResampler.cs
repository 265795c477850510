using VariationalBoN.Numerics;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Samples from a distribution nearer to pi_bon than the policy q that is drawn from: of k draws
/// y ~ q one is kept, with probability proportional to its importance weight pi_bon(y) / q(y).</summary>
/// <remarks>
/// Sampling-importance-resampling (Rubin 1988). q is any policy with full support: a guided policy, a fine-tuned one, the
/// reference. The distribution of the answer is q(y) E[k w(y) / (w(y) + the weights of k - 1 other draws)]: q itself at k
/// = 1, pi_bon as k grows, and nearer to it the nearer q is. An answer costs k draws, k rewards, k passes of the reference
/// (log pi_ref) and k of q (log q), where literal Best-of-N costs N draws and N rewards. F is that of the reference, as
/// the table has it: keeping the largest of k rewards of q gives another distribution (<see cref="BestOfNSampler"/> over
/// q), which moves beyond pi_bon as k grows. As thread-safe as policy, scorer and distribution are.
/// </remarks>
public sealed class ImportanceResampler
{
    private const int CompletionsPerPart = 256; // of which log q is asked for at once

    private readonly IPolicy _proposal;
    private readonly Scorer _scorer;
    private readonly IBoNDistribution _bestOfN;

    /// <summary>Creates a sampler.</summary>
    /// <param name="proposal">q; with full support.</param>
    /// <param name="scorer">Reward and log pi_ref.</param>
    /// <param name="bestOfN">pi_bon, estimated from rewards of the same reference and reward model.</param>
    /// <exception cref="ArgumentException">The proposal truncates its distribution, so that some answers have no weight.</exception>
    /// <exception cref="InvalidOperationException">The distribution was estimated from another reference,
    /// reward model or way of scoring.</exception>
    public ImportanceResampler(IPolicy proposal, Scorer scorer, IBoNDistribution bestOfN)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(bestOfN);
        if (!proposal.HasFullSupport)
            throw new ArgumentException(
                "The proposal truncates its distribution (top-k or top-p): what it never draws can be given no weight. Give it without "
                    + "truncation.",
                nameof(proposal)
            );
        ScoringIdentity.RequireMatch(bestOfN.Origin, scorer.Origin, "the scorer");
        (_proposal, _scorer, _bestOfN) = (proposal, scorer, bestOfN);
    }

    /// <summary>One answer to each prompt.</summary>
    /// <param name="prompts">At least one prompt that the distribution knows; one that stands twice gets different draws.</param>
    /// <param name="draws">k, at least 1.</param>
    /// <param name="seed">Fixes draws, which are of purpose <see cref="DrawPurpose.Serving"/>, and choices.</param>
    /// <param name="cancellationToken">Stops between batches, and between the parts in which q scores one.</param>
    /// <returns>One answer for each prompt, in order.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="draws"/> is below 1.</exception>
    /// <exception cref="ArithmeticException">A weight is NaN, or all draws of a prompt have none; the message names the prompt.</exception>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of a prompt.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of the draws of a prompt.</exception>
    public async Task<IReadOnlyList<ResampledCompletion>> SampleAsync(
        IReadOnlyList<Prompt> prompts,
        int draws,
        long seed,
        CancellationToken cancellationToken = default
    ) =>
        await ChosenDraws
            .SampleAsync(
                _proposal,
                _scorer,
                prompts,
                draws,
                seed,
                (candidates, answer) => Choose(candidates, draws, answer, seed, cancellationToken),
                cancellationToken
            )
            .ConfigureAwait(false);

    private ResampledCompletion[] Choose(
        IReadOnlyList<ScoredCompletion[]> candidates,
        int draws,
        int answer,
        long seed,
        CancellationToken cancellationToken
    )
    {
        var logProposal = new List<double>();
        foreach (Completion[] part in candidates.SelectMany(of => of.Select(scored => scored.Completion)).Chunk(CompletionsPerPart))
        {
            cancellationToken.ThrowIfCancellationRequested();
            logProposal.AddRange(_proposal.LogProbValues(part));
        }

        var chosen = new ResampledCompletion[candidates.Count];
        int next = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            ScoredCompletion[] of = candidates[i];
            double[] logWeights = [.. of.Select(scored => _bestOfN.LogDensity(scored) - logProposal[next++])];
            double total = LogMath.LogSumExp(logWeights);
            if (!double.IsFinite(total))
                throw new ArithmeticException(
                    $"The importance weights of the prompt \"{of[0].Completion.Prompt}\" sum to {Math.Exp(total)}: the proposal or the "
                        + $"estimates have probably diverged."
                );
            double[] weights = [.. logWeights.Select(log => Math.Exp(log - total))];
            double u =
                new CounterRandom(
                    new DrawSeed(seed, DrawPurpose.Resampling, checked(answer * draws)),
                    of[0].Completion.Prompt,
                    sample: 0
                ).Uniform(0) * weights.Sum();
            int kept = 0;
            for (double reached = weights[0]; reached <= u && kept < weights.Length - 1; reached += weights[kept])
                kept++;
            chosen[i] = new ResampledCompletion(of[kept], 1 / weights.Sum(weight => weight * weight));
        }

        return chosen;
    }
}
