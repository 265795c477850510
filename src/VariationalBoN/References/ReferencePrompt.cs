using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The reference samples of one prompt.</summary>
/// <remarks>
/// Immutable, thread-safe. In a table that was opened from a <see cref="ReferenceStore"/> nothing is
/// kept in memory: each property reads the file, and <see cref="Responses"/>, <see cref="Samples"/>
/// and <see cref="Components"/> read more of it than rewards do. Keep what a loop uses in a variable.
/// </remarks>
public sealed class ReferencePrompt
{
    private readonly PromptSamples? _samples; // null where they are read when asked for
    private readonly StoredPrompt? _stored;
    private readonly Prompt? _prompt; // null where it is read when asked for
    private readonly EmpiricalRewardCdf? _cdf;
    private readonly double _tieTolerance;

    /// <summary>Reference samples that the library drew and scored.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="drawn">The samples of that prompt in the order drawn, those without a reward included; at least one.</param>
    /// <param name="components">For each named component of the rewards a finite value to each sample,
    /// null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward is not finite, a sample is of another prompt, or components are not
    /// as many as samples or not finite.</exception>
    public ReferencePrompt(
        Prompt prompt,
        IEnumerable<ScoredSample> drawn,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
        : this(prompt, PromptSamples.OfDrawn(prompt, [.. drawn ?? throw new ArgumentNullException(nameof(drawn))], components)) { }

    /// <summary>Reference samples that the library drew and scored, each with a reward.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="samples">The scored samples of that prompt in the order drawn; at least one.</param>
    /// <param name="components">For each named component of the rewards a finite value to each sample,
    /// null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward is not finite, a sample is of another prompt, or components are not
    /// as many as samples or not finite.</exception>
    public ReferencePrompt(
        Prompt prompt,
        IEnumerable<ScoredCompletion> samples,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
        : this(prompt, (samples ?? throw new ArgumentNullException(nameof(samples))).Select(sample => (ScoredSample)sample), components) { }

    /// <summary>Rewards that came from elsewhere, without token ids and log-probabilities.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="rewards">A finite reward to each sample that was drawn, null where it has none; at least one.</param>
    /// <param name="responses">The texts of the samples that have a reward, in order, or none.</param>
    /// <param name="components">For each named component of the rewards a finite value to each reward,
    /// null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward is not finite,
    /// lengths differ, or a component is not finite.</exception>
    public ReferencePrompt(
        Prompt prompt,
        IEnumerable<double?> rewards,
        IEnumerable<string> responses,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
        : this(
            prompt,
            PromptSamples.OfRewards(
                prompt,
                [.. rewards ?? throw new ArgumentNullException(nameof(rewards))],
                [.. responses ?? throw new ArgumentNullException(nameof(responses))],
                components
            )
        ) { }

    /// <summary>Rewards that came from elsewhere, without token ids and log-probabilities, one to each sample.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="rewards">Finite rewards, at least one.</param>
    /// <param name="responses">The texts that were scored, one to each reward, or none.</param>
    /// <param name="components">For each named component of the rewards a finite value to each reward,
    /// null where it has none; left out when there are none.</param>
    /// <exception cref="ArgumentException">There is no reward, one is not finite, lengths differ, or a component is not finite.</exception>
    public ReferencePrompt(
        Prompt prompt,
        IEnumerable<double> rewards,
        IEnumerable<string> responses,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components = null
    )
        : this(
            prompt,
            (rewards ?? throw new ArgumentNullException(nameof(rewards))).Select(reward => (double?)reward),
            responses,
            components
        ) { }

    /// <summary>Samples that are checked.</summary>
    /// <exception cref="ArgumentException">Nothing was drawn, or a reward is not finite.</exception>
    internal ReferencePrompt(Prompt prompt, PromptSamples samples, double tieTolerance = 0)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        (_prompt, _samples, _tieTolerance) = (prompt, samples, tieTolerance);
        if (samples.Rewards.IsEmpty || samples.Known.Length > 0)
            _cdf = new EmpiricalRewardCdf(samples.Known, tieTolerance);
    }

    /// <summary>A prompt whose samples are read when they are asked for.</summary>
    internal ReferencePrompt(StoredPrompt stored, Prompt? prompt, double tieTolerance = 0) =>
        (_stored, _prompt, _tieTolerance) = (stored, prompt, tieTolerance);

    /// <summary>The prompt x.</summary>
    public Prompt Prompt => _prompt ?? _stored!.Prompt;

    /// <summary>The M rewards in the order of the samples.</summary>
    public ImmutableArray<double> Rewards => _samples?.Known ?? _stored!.Rewards();

    /// <summary>The M texts in the order of the rewards; empty when only rewards are known.</summary>
    public ImmutableArray<string> Responses => All.Texts;

    /// <summary>The M samples with token ids and log pi_ref; empty when the rewards came from elsewhere.</summary>
    public ImmutableArray<ScoredCompletion> Samples => All.Samples;

    /// <summary>For each named component of the rewards its M values in the order of the rewards,
    /// as the reward model reported them: for reports and logs.</summary>
    /// <remarks>Null where it reported none, or no number. What is done to the reward of a truncated completion is not in them.
    /// Empty for a reward without parts.</remarks>
    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components => All.Components;

    /// <summary>F as estimated from the rewards.</summary>
    /// <exception cref="InvalidOperationException">No sample has a reward.</exception>
    public EmpiricalRewardCdf Cdf
    {
        get
        {
            EmpiricalRewardCdf? cdf = _cdf ?? (_stored is not null && _stored.Count > 0 ? _stored.Cdf(_tieTolerance) : null);
            return cdf
                ?? throw new InvalidOperationException(
                    $"Each of the {Excluded} samples of the prompt \"{Prompt}\" was excluded, so that nothing is known of its rewards. "
                        + $"Draw more samples of it, or leave it out."
                );
        }
    }

    /// <summary>How many samples were drawn but have no reward.</summary>
    public int Excluded => Drawn - Count;

    /// <summary>The index of the sample that each of the M rewards belongs to, ascending:
    /// those without a reward, and those that a store does not have, are passed over.</summary>
    /// <remarks>In a store it is the index that fixes the draw, counted from
    /// <see cref="DrawSeed.FirstSample"/>; in memory it is counted from 0.</remarks>
    public ImmutableArray<int> SampleIndices
    {
        get
        {
            PromptSamples all = All;
            return [.. all.Indices.Where((_, place) => all.Rewards[place] is not null)];
        }
    }

    /// <summary>The difference up to which neighbouring rewards are one.</summary>
    internal double TieTolerance => _tieTolerance;

    /// <summary>M.</summary>
    internal int Count => _samples?.Known.Length ?? _stored!.Count;

    /// <summary>How many samples were drawn, with a reward or without.</summary>
    internal int Drawn => _samples?.Rewards.Length ?? _stored!.Drawn;

    /// <summary>Everything that is known.</summary>
    internal PromptSamples All => _samples ?? _stored!.All();

    /// <summary>These samples with neighbouring rewards no further apart than a tolerance taken for equal.</summary>
    /// <param name="tieTolerance">Finite, at least 0, in the unit of the rewards.</param>
    /// <returns>A prompt that reads from where this one does.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    internal ReferencePrompt WithTieTolerance(double tieTolerance)
    {
        if (!(tieTolerance >= 0 && tieTolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(tieTolerance),
                tieTolerance,
                "The tie tolerance must be finite and at least 0; 0 compares exactly."
            );
        return tieTolerance == _tieTolerance ? this
            : _samples is null ? new ReferencePrompt(_stored!, _prompt, tieTolerance)
            : new ReferencePrompt(Prompt, _samples, tieTolerance);
    }

    /// <summary>For each of <see cref="Samples"/> the probability that it is the best of n of them:
    /// <see cref="EmpiricalRewardCdf.BestOfNWeightsByRank"/> in the order drawn.</summary>
    /// <param name="n">Number of draws; finite, at least 1.</param>
    /// <returns>M weights, at least 0, summing to 1: those of Best-of-N fine-tuning (BoN-SFT); a fresh array.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public double[] BestOfNWeights(double n)
    {
        double[] sorted = Cdf.BestOfNWeightsByRank(n);
        ImmutableArray<double> rewards = Rewards;
        int[] order = [.. Enumerable.Range(0, rewards.Length).OrderBy(i => rewards[i])];
        double[] weights = new double[order.Length];
        for (int rank = 0; rank < order.Length; rank++)
            weights[order[rank]] = sorted[rank];
        return weights;
    }
}
