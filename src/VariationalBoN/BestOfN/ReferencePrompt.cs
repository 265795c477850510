using System.Collections.Immutable;

namespace VariationalBoN.BestOfN;

/// <summary>The reference samples of one prompt.</summary>
/// <remarks>Immutable, thread-safe.</remarks>
public sealed class ReferencePrompt
{
    /// <summary>Reference samples that the library drew and scored.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="samples">At least one scored sample of that prompt, in the order drawn.</param>
    /// <param name="excluded">How many samples were drawn but left out, 0 or more.</param>
    /// <exception cref="ArgumentException">There is no sample, a reward is not finite, or a sample is of another prompt.</exception>
    public ReferencePrompt(string prompt, IEnumerable<ScoredCompletion> samples, int excluded = 0)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfNegative(excluded);
        (Prompt, Samples, Excluded) = (prompt, [.. samples], excluded);
        if (Samples.Any(sample => sample.Completion.Prompt != prompt))
            throw new ArgumentException($"A sample of another prompt is among those of \"{prompt}\".", nameof(samples));
        Rewards = [.. Samples.Select(sample => sample.Reward)];
        Responses = [.. Samples.Select(sample => sample.Completion.Text)];
        Cdf = new EmpiricalRewardCdf(Rewards);
    }

    /// <summary>Rewards that came from elsewhere, without token ids and log-probabilities.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="rewards">At least one finite reward.</param>
    /// <param name="responses">The texts that were scored, one to each reward, or none.</param>
    /// <param name="excluded">How many samples were drawn but left out, 0 or more.</param>
    /// <exception cref="ArgumentException">There is no reward, one is not finite, or the lengths differ.</exception>
    public ReferencePrompt(string prompt, IEnumerable<double> rewards, IEnumerable<string> responses, int excluded = 0)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(responses);
        ArgumentOutOfRangeException.ThrowIfNegative(excluded);
        (Prompt, Rewards, Responses, Samples, Excluded) = (prompt, [.. rewards], [.. responses], [], excluded);
        if (Responses.Length != 0 && Responses.Length != Rewards.Length)
            throw new ArgumentException($"There are {Rewards.Length} rewards but {Responses.Length} responses for the prompt \"{prompt}\"; give one to each reward, or none.", nameof(responses));
        Cdf = new EmpiricalRewardCdf(Rewards);
    }

    private ReferencePrompt(ReferencePrompt other, EmpiricalRewardCdf cdf) =>
        (Prompt, Rewards, Responses, Samples, Excluded, Cdf) = (other.Prompt, other.Rewards, other.Responses, other.Samples, other.Excluded, cdf);

    /// <summary>The prompt x.</summary>
    public string Prompt { get; }

    /// <summary>The M rewards in the order of the samples.</summary>
    public ImmutableArray<double> Rewards { get; }

    /// <summary>The M texts in the order of the rewards; empty when only rewards are known.</summary>
    public ImmutableArray<string> Responses { get; }

    /// <summary>The M samples with token ids and log pi_ref; empty when the rewards came from elsewhere.</summary>
    public ImmutableArray<ScoredCompletion> Samples { get; }

    /// <summary>What the rewards say of F.</summary>
    public EmpiricalRewardCdf Cdf { get; }

    /// <summary>How many samples were drawn but left out.</summary>
    public int Excluded { get; }

    /// <summary>The same samples, neighbouring rewards no further apart than a tolerance being one.</summary>
    /// <param name="tieTolerance">Finite, at least 0.</param>
    /// <returns>A prompt of its own.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public ReferencePrompt WithTieTolerance(double tieTolerance) => new(this, Cdf.WithTieTolerance(tieTolerance));

    /// <summary>For each of <see cref="Samples"/> the probability that it is the best of n of them: <see cref="EmpiricalRewardCdf.BestOfNWeights"/> in the order drawn.</summary>
    /// <param name="n">Number of draws; finite, at least 1.</param>
    /// <returns>M weights, at least 0, summing to 1: those of Best-of-N fine-tuning (BoN-SFT); a fresh array.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public double[] BestOfNWeights(double n)
    {
        double[] sorted = Cdf.BestOfNWeights(n);
        int[] order = [.. Enumerable.Range(0, Rewards.Length).OrderBy(i => Rewards[i])];
        double[] weights = new double[order.Length];
        for (int rank = 0; rank < order.Length; rank++)
            weights[order[rank]] = sorted[rank];
        return weights;
    }
}
