using System.Collections.Immutable;

namespace VariationalBoN.BestOfN;

/// <summary>The reference samples of one prompt.</summary>
/// <remarks>
/// Immutable, thread-safe. Of a table that was opened from a <see cref="ReferenceStore"/> nothing is kept in memory: each property reads what
/// it returns, rewards from the side file, <see cref="Responses"/> and <see cref="Samples"/> from the records. Keep what a loop uses in a variable.
/// </remarks>
public sealed class ReferencePrompt
{
    private readonly IReferenceData _data;
    private readonly int _number;

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
        ImmutableArray<ScoredCompletion> all = [.. samples];
        if (all.Any(sample => sample.Completion.Prompt != prompt))
            throw new ArgumentException($"A sample of another prompt is among those of \"{prompt}\".", nameof(samples));
        _data = new ReferenceDataInMemory(prompt, [.. all.Select(sample => sample.Reward)], [.. all.Select(sample => sample.Completion.Text)], all, excluded);
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
        ImmutableArray<double> all = [.. rewards];
        ImmutableArray<string> texts = [.. responses];
        if (texts.Length != 0 && texts.Length != all.Length)
            throw new ArgumentException($"There are {all.Length} rewards but {texts.Length} responses for the prompt \"{prompt}\"; give one to each reward, or none.", nameof(responses));
        _data = new ReferenceDataInMemory(prompt, all, texts, [], excluded);
    }

    /// <summary>A prompt whose samples are read when they are asked for.</summary>
    internal ReferencePrompt(IReferenceData data, int number)
    {
        _data = data;
        _number = number;
    }

    /// <summary>The prompt x.</summary>
    public string Prompt => _data.Prompt(_number);

    /// <summary>The M rewards in the order of the samples.</summary>
    public ImmutableArray<double> Rewards => _data.Rewards(_number);

    /// <summary>The M texts in the order of the rewards; empty when only rewards are known.</summary>
    public ImmutableArray<string> Responses => _data.Responses(_number);

    /// <summary>The M samples with token ids and log pi_ref; empty when the rewards came from elsewhere.</summary>
    public ImmutableArray<ScoredCompletion> Samples => _data.Samples(_number);

    /// <summary>What the rewards say of F.</summary>
    public EmpiricalRewardCdf Cdf => _data.Cdf(_number);

    /// <summary>M.</summary>
    internal int Count => _data.Count(_number);

    /// <summary>How many samples were drawn but left out.</summary>
    public int Excluded => _data.Excluded(_number);

    /// <summary>The same samples, neighbouring rewards no further apart than a tolerance being one.</summary>
    /// <param name="tieTolerance">Finite, at least 0.</param>
    /// <returns>A prompt of its own.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public ReferencePrompt WithTieTolerance(double tieTolerance) => new(new TolerantReferenceData(_data, tieTolerance), _number);

    /// <summary>For each of <see cref="Samples"/> the probability that it is the best of n of them: <see cref="EmpiricalRewardCdf.BestOfNWeights"/> in the order drawn.</summary>
    /// <param name="n">Number of draws; finite, at least 1.</param>
    /// <returns>M weights, at least 0, summing to 1: those of Best-of-N fine-tuning (BoN-SFT); a fresh array.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public double[] BestOfNWeights(double n)
    {
        double[] sorted = Cdf.BestOfNWeights(n);
        ImmutableArray<double> rewards = Rewards;
        int[] order = [.. Enumerable.Range(0, rewards.Length).OrderBy(i => rewards[i])];
        double[] weights = new double[order.Length];
        for (int rank = 0; rank < order.Length; rank++)
            weights[order[rank]] = sorted[rank];
        return weights;
    }
}
