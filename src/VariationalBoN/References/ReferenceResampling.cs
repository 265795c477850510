using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>Draws stored reference samples again: as they are, or as Best-of-n would choose among them. Stateless, thread-safe.</summary>
/// <remarks>
/// Random numbers are of <see cref="DrawPurpose.Resampling"/>, so no completion was or will be drawn with them. The draws of a prompt
/// depend
/// on seed and prompt alone; <see cref="BestOf"/> and <see cref="Uniform"/> of one seed use different numbers. For batches with their
/// origin: <see cref="ReferenceTable.DrawBestOf"/> and <see cref="ReferenceTable.DrawUniform"/>.
/// </remarks>
public static class ReferenceResampling
{
    /// <summary>Systematic draws of the M samples of a prompt, each with the probability that it is the best of n of them.</summary>
    /// <remarks>
    /// One uniform number u; draw k is the quantile (k + u) / count of <see cref="ReferencePrompt.BestOfNWeights"/>, samples in ascending
    /// order of
    /// reward. So a sample of weight w is drawn floor(count w) or ceiling(count w) times, count w on average: what BoN-SFT trains on.
    /// </remarks>
    /// <param name="prompt">The samples of a prompt, with token ids and log pi_ref.</param>
    /// <param name="n">n; finite, at least 1.</param>
    /// <param name="count">How many to draw, at least 1.</param>
    /// <param name="seed">Fixes the draws, such as the step; its purpose does not count.</param>
    /// <returns>The draws in ascending order of reward; one sample may stand several times.</returns>
    /// <exception cref="ArgumentException">The prompt has rewards alone.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range or NaN.</exception>
    public static ImmutableArray<ScoredCompletion> BestOf(ReferencePrompt prompt, double n, int count, DrawSeed seed)
    {
        ImmutableArray<ScoredCompletion> samples = Samples(prompt, count);
        double[] weights = prompt.Cdf.BestOfNWeightsByRank(n);
        ScoredCompletion[] ascending = [.. samples.OrderBy(sample => sample.Reward)];
        double u = Random(prompt, seed).Uniform(0),
            reached = weights[0];
        int rank = 0;
        var drawn = ImmutableArray.CreateBuilder<ScoredCompletion>(count);
        for (int draw = 0; draw < count; draw++)
        {
            while (rank < weights.Length - 1 && reached <= (draw + u) / count)
                reached += weights[++rank];
            drawn.Add(ascending[rank]);
        }

        return drawn.MoveToImmutable();
    }

    /// <summary>Draws of the M samples of a prompt with replacement, each with the probability 1 / M.</summary>
    /// <inheritdoc cref="BestOf"/>
    /// <param name="prompt">The samples of a prompt, with token ids and log pi_ref.</param>
    /// <param name="count">How many to draw, at least 1.</param>
    /// <param name="seed">Fixes the draws, such as the step; its purpose does not count.</param>
    /// <returns>The draws in the order drawn; one sample may stand several times.</returns>
    public static ImmutableArray<ScoredCompletion> Uniform(ReferencePrompt prompt, int count, DrawSeed seed)
    {
        ImmutableArray<ScoredCompletion> samples = Samples(prompt, count);
        CounterRandom random = Random(prompt, seed);
        // number 0 is that of BestOf
        return [.. Enumerable.Range(1, count).Select(k => samples[(int)(random.Uniform(k) * samples.Length)])];
    }

    private static CounterRandom Random(ReferencePrompt prompt, DrawSeed seed) =>
        new(seed with { Purpose = DrawPurpose.Resampling }, prompt.Prompt, sample: 0);

    private static ImmutableArray<ScoredCompletion> Samples(ReferencePrompt prompt, int count)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ImmutableArray<ScoredCompletion> samples = prompt.Samples;
        return !samples.IsEmpty
            ? samples
            : throw new ArgumentException(
                $"The reference samples of the prompt \"{prompt.Prompt}\" came from elsewhere, without token ids; they cannot be trained "
                    + $"on. Estimate the table with the library.",
                nameof(prompt)
            );
    }
}
