using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The reference samples of one prompt.</summary>
/// <remarks>
/// Immutable, thread-safe. Of a table that was opened from a <see cref="ReferenceStore"/> nothing is kept in memory: each property reads what
/// it returns, rewards from the side file, <see cref="Responses"/>, <see cref="Samples"/> and <see cref="Components"/> from the records. Keep what a loop uses in a variable.
/// </remarks>
public sealed class ReferencePrompt
{
    private readonly IReferenceData _data;
    private readonly int _number;

    /// <summary>Reference samples that the library drew and scored.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="samples">The scored samples of that prompt, in the order drawn; at least one, or all are excluded.</param>
    /// <param name="excluded">Places, among all that were drawn, of those that were left out, 0 being the first; null for none.</param>
    /// <param name="components">For each named component of the rewards a finite value to each, null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward is not finite, a sample is of another prompt, components are not as many as rewards or not finite, or those excluded are not among those drawn.</exception>
    public ReferencePrompt(Prompt prompt, IEnumerable<ScoredCompletion> samples, IEnumerable<int>? excluded = null, IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(samples);
        ImmutableArray<ScoredCompletion> all = [.. samples];
        if (all.Any(sample => sample.Completion.Prompt != prompt))
            throw new ArgumentException($"A sample of another prompt is among those of \"{prompt}\".", nameof(samples));
        _data = new ReferenceDataInMemory(prompt, [.. all.Select(sample => sample.Reward)], [.. all.Select(sample => sample.Completion.Text)], all, excluded, components);
    }

    /// <summary>Rewards that came from elsewhere, without token ids and log-probabilities.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="rewards">Finite rewards; at least one, or all samples are excluded.</param>
    /// <param name="responses">The texts that were scored, one to each reward, or none.</param>
    /// <param name="excluded">Places, among all that were drawn, of those that were left out, 0 being the first; null for none.</param>
    /// <param name="components">For each named component of the rewards a finite value to each, null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward is not finite, lengths differ, a component is not finite, or those excluded are not among those drawn.</exception>
    public ReferencePrompt(Prompt prompt, IEnumerable<double> rewards, IEnumerable<string> responses, IEnumerable<int>? excluded = null, IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(responses);
        ImmutableArray<double> all = [.. rewards];
        ImmutableArray<string> texts = [.. responses];
        if (texts.Length != 0 && texts.Length != all.Length)
            throw new ArgumentException($"There are {all.Length} rewards but {texts.Length} responses for the prompt \"{prompt}\"; give one to each reward, or none.", nameof(responses));
        _data = new ReferenceDataInMemory(prompt, all, texts, [], excluded, components);
    }

    /// <summary>A prompt whose samples are read when they are asked for.</summary>
    internal ReferencePrompt(IReferenceData data, int number)
    {
        _data = data;
        _number = number;
    }

    /// <summary>The prompt x.</summary>
    public Prompt Prompt => _data.Prompt(_number);

    /// <summary>The M rewards in the order of the samples.</summary>
    public ImmutableArray<double> Rewards => _data.Rewards(_number);

    /// <summary>The M texts in the order of the rewards; empty when only rewards are known.</summary>
    public ImmutableArray<string> Responses => _data.Responses(_number);

    /// <summary>The M samples with token ids and log pi_ref; empty when the rewards came from elsewhere.</summary>
    public ImmutableArray<ScoredCompletion> Samples => _data.Samples(_number);

    /// <summary>For each named component of the rewards its M values in the order of the rewards, as the reward model reported them: for reports and logs.</summary>
    /// <remarks>Null where it reported none, or no number. What is done to the reward of a truncated completion is not in them. Empty for a reward without parts.</remarks>
    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components => _data.Components(_number);

    /// <summary>What the rewards say of F.</summary>
    /// <exception cref="InvalidOperationException">Every sample was excluded.</exception>
    public EmpiricalRewardCdf Cdf => _data.Cdf(_number);

    /// <summary>M.</summary>
    internal int Count => _data.Count(_number);

    /// <summary>How many samples were drawn but left out.</summary>
    public int Excluded => _data.Runs(_number).Sum(run => run.Excluded.Length);

    /// <summary>The index of the sample that each of the M rewards belongs to, ascending: those left out, and those that a folder does not have, are passed over.</summary>
    /// <remarks>In a folder the index that fixes the draw, <see cref="DrawSeed.FirstSample"/> on; in memory counted from 0.</remarks>
    public ImmutableArray<int> SampleIndices => [.. _data.Runs(_number).SelectMany(run => run.Indices)];

    /// <summary>The places of the samples left out among all that were drawn.</summary>
    internal IEnumerable<int> ExcludedPlaces
    {
        get
        {
            int drawn = 0;
            foreach (SampleRun run in _data.Runs(_number))
            {
                foreach (int index in run.Excluded)
                    yield return drawn + index - run.First;
                drawn += run.Drawn;
            }
        }
    }

    /// <summary>The same samples, neighbouring rewards no further apart than a tolerance being one.</summary>
    /// <param name="tieTolerance">Finite, at least 0.</param>
    /// <returns>A prompt that reads from where this one does.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public ReferencePrompt WithTieTolerance(double tieTolerance) => new(TolerantReferenceData.Over(_data, tieTolerance, recent: 1), _number);

    /// <summary>The same of a prompt of a table, whose prompts share what they read from.</summary>
    internal ReferencePrompt WithTieTolerance(double tieTolerance, Dictionary<IReferenceData, IReferenceData> shared)
    {
        if (!shared.TryGetValue(_data, out IReferenceData? tolerant))
            shared[_data] = tolerant = TolerantReferenceData.Over(_data, tieTolerance, _data is ReferenceDataInMemory ? 1 : StoredReferenceData.RecentRewards);
        return new ReferencePrompt(tolerant, _number);
    }

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
