using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>KL(pi_bon || pi_ref) of one prompt from its reference samples, in nats. Stateless, thread-safe.</summary>
/// <remarks><see cref="BestOfNMath.KlUpperBound"/> needs no samples at all and is reached for continuous rewards.</remarks>
internal static class BestOfNKl
{
    /// <summary>The reference probability that the samples may miss for the divergence still to be called exact.</summary>
    private const double MissingMass = 1e-6;

    /// <summary>The exact divergence, for prompts whose samples hold every completion that the reference can say.</summary>
    /// <remarks>The probabilities of the different completions must add up to 1 - 1e-6 and are divided by their sum:
    /// short answers, classification.</remarks>
    /// <param name="prompt">The samples.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The divergence; null when log pi_ref is not known, or completions are missing.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double? Exact(ReferencePrompt prompt, double n)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        BestOfNMath.CheckN(n);
        if (!(prompt.Samples.Sum(sample => Math.Exp(sample.LogReference)) >= 1 - MissingMass))
            return null; // not even with repetitions
        ScoredCompletion[] different =
        [
            .. prompt.Samples.DistinctBy(sample => string.Join(' ', sample.Completion.Tokens) + sample.Completion.FinishReason),
        ];
        double[] masses =
        [
            .. different
                .GroupBy(sample => prompt.Cdf.Counts(sample.Reward).Below)
                .OrderBy(level => level.Key)
                .Select(level => level.Sum(sample => Math.Exp(sample.LogReference))),
        ];
        double total = masses.Sum();
        return Math.Abs(total - 1) <= MissingMass ? BestOfNMath.KlToReference([.. masses.Select(mass => mass / total)], n) : null;
    }

    /// <summary>The divergence with the share of samples at each reward in place of its probability.</summary>
    /// <remarks>
    /// Rewards with few values (right or wrong, stars) give it away; without ties it is a function of n and M alone, close to
    /// <see cref="BestOfNMath.KlUpperBound"/> for n well below M and at most log M. Biased low, by about n / M relative.
    /// </remarks>
    /// <param name="cdf">The reference rewards.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The estimate, at least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double FromLevels(EmpiricalRewardCdf cdf, double n)
    {
        ArgumentNullException.ThrowIfNull(cdf);
        return BestOfNMath.KlToReference([.. RewardTies.LevelSizes(cdf.SortedLevels).Select(size => (double)size / cdf.Count)], n);
    }

    /// <summary>A tighter upper bound than <see cref="BestOfNMath.KlUpperBound"/>: the mean over y ~ pi_bon of
    /// <see cref="BestOfNMath.KlTopAtomBound"/> with e = pi_ref(y).</summary>
    /// <remarks>The mean is taken by <see cref="ReferencePrompt.BestOfNWeights"/>, without bias.
    /// That the mean bounds the divergence was found in enumerations, not proved.</remarks>
    /// <param name="prompt">The samples.</param>
    /// <param name="n">N; finite, 1 to the number of samples.</param>
    /// <returns>The bound; null when log pi_ref is not known.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double? TightBound(ReferencePrompt prompt, double n)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        double loose = BestOfNMath.KlUpperBound(n);
        if (prompt.Samples.IsEmpty)
            return null;
        if (n > prompt.Samples.Length)
            throw new ArgumentOutOfRangeException(nameof(n), n, $"n must be at most {prompt.Samples.Length}, the number of samples.");
        double[] weights = prompt.BestOfNWeights(n);
        double bound = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            double mass = Math.Exp(Math.Min(0, prompt.Samples[i].LogReference));
            bound += weights[i] * (n * mass < 1e-15 || weights[i] == 0 ? loose : BestOfNMath.KlTopAtomBound(n, mass));
        }

        return bound;
    }
}
