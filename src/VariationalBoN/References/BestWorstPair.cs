namespace VariationalBoN.References;

/// <summary>
/// The best and the worst of n reference samples of one prompt: what pair losses and BoN-SFT on winners train on. Immutable, thread-safe.
/// </summary>
/// <param name="Best">The sample with the highest reward; among equals the first drawn.</param>
/// <param name="Worst">The sample with the lowest reward; among equals the last drawn, so never the same sample as
/// <paramref name="Best"/>.</param>
public readonly record struct BestWorstPair(ScoredCompletion Best, ScoredCompletion Worst)
{
    /// <summary>Draws n of the M samples without replacement, with random numbers of <see cref="DrawPurpose.Resampling"/>:
    /// no completion was or will be drawn with them.</summary>
    /// <param name="prompt">The samples of a prompt, with token ids and log pi_ref.</param>
    /// <param name="n">How many are drawn, 2 to M.</param>
    /// <param name="seed">Fixes the draw, such as the step; its purpose does not count. Give <see cref="DrawSeed.FirstSample"/> another
    /// value for another pair of the same step.</param>
    /// <returns>The pair.</returns>
    /// <exception cref="ArgumentException">The prompt has rewards alone.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range.</exception>
    public static BestWorstPair Draw(ReferencePrompt prompt, int n, DrawSeed seed)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Samples.IsEmpty)
            throw new ArgumentException(
                $"The reference samples of the prompt \"{prompt.Prompt}\" came from elsewhere, without token ids; they cannot be trained "
                    + $"on. Estimate the table with the library.",
                nameof(prompt)
            );
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(n, prompt.Samples.Length);
        var random = new CounterRandom(seed with { Purpose = DrawPurpose.Resampling }, prompt.Prompt, sample: 0);
        int[] order = [.. Enumerable.Range(0, prompt.Samples.Length)];
        int best = 0,
            worst = 0;
        for (int i = 0; i < n; i++)
        {
            int other = i + (int)(random.Uniform(i) * (order.Length - i));
            (order[i], order[other]) = (order[other], order[i]);
            double reward = prompt.Samples[order[i]].Reward;
            if (reward > prompt.Samples[order[best]].Reward)
                best = i;
            if (reward <= prompt.Samples[order[worst]].Reward)
                worst = i;
        }

        return new BestWorstPair(prompt.Samples[order[best]], prompt.Samples[order[worst]]);
    }
}
