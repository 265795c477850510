using System.Collections.Immutable;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.BestOfN;

/// <summary>M scored reference samples for each prompt: what F, and with it the Best-of-N distribution, is estimated from.</summary>
/// <remarks>Immutable, thread-safe. Made once, saved, and used by every run with the same reference and reward model.</remarks>
public sealed class ReferenceTable
{
    private readonly Dictionary<string, ReferencePrompt> _byPrompt = new(StringComparer.Ordinal);

    /// <summary>A table of given samples.</summary>
    /// <param name="prompts">At least one prompt with its samples; no prompt twice.</param>
    /// <param name="provenance">Where the rewards come from; null when that is not known, and then nothing can be checked.</param>
    /// <exception cref="ArgumentException">There is no prompt, or one stands twice.</exception>
    public ReferenceTable(IEnumerable<ReferencePrompt> prompts, ReferenceProvenance? provenance = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Prompts = [.. prompts];
        Provenance = provenance;
        if (Prompts.IsEmpty)
            throw new ArgumentException("A reference table needs at least one prompt.", nameof(prompts));
        foreach (ReferencePrompt prompt in Prompts)
        {
            if (!_byPrompt.TryAdd(prompt.Prompt, prompt))
                throw new ArgumentException($"The prompt \"{prompt.Prompt}\" stands twice; give all its samples together.", nameof(prompts));
        }
    }

    /// <summary>The prompts in order.</summary>
    public ImmutableArray<ReferencePrompt> Prompts { get; }

    /// <summary>Where the rewards come from; null for an imported table.</summary>
    public ReferenceProvenance? Provenance { get; }

    /// <summary>The samples of a prompt.</summary>
    /// <param name="prompt">The prompt x, compared character by character.</param>
    /// <exception cref="KeyNotFoundException">The prompt is not in the table.</exception>
    public ReferencePrompt this[string prompt]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(prompt);
            return _byPrompt.TryGetValue(prompt, out ReferencePrompt? found)
                ? found
                : throw new KeyNotFoundException($"The prompt \"{prompt}\" is not among the {Prompts.Length} prompts of the reference table. Add it to the prompts that the table is estimated from; prompts are compared character by character.");
        }
    }

    /// <summary>Draws M reference samples for each prompt and scores them.</summary>
    /// <param name="reference">pi_ref.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="prompts">At least one prompt, training and held-out; a prompt that stands twice is sampled once.</param>
    /// <param name="samplesPerPrompt">M, at least 1; about 5 N and more for errors below 0.05 nats.</param>
    /// <param name="seed">Fixes the draws.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or M is below 1.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public static Task<ReferenceTable> EstimateAsync(IPolicy reference, IRewardModel reward, IReadOnlyList<string> prompts, int samplesPerPrompt, long seed, CancellationToken cancellationToken = default) =>
        EstimateAsync(reference, reward, prompts, new ReferenceTableOptions { SamplesPerPrompt = samplesPerPrompt, Seed = seed }, cancellationToken);

    /// <summary>Draws M reference samples for each prompt and scores them.</summary>
    /// <param name="reference">pi_ref.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="prompts">At least one prompt, training and held-out; a prompt that stands twice is sampled once.</param>
    /// <param name="options">M, seed, batches, scoring and progress.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or no sample of a prompt is left.</exception>
    public static async Task<ReferenceTable> EstimateAsync(IPolicy reference, IRewardModel reward, IReadOnlyList<string> prompts, ReferenceTableOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to estimate reference rewards for; give at least one.", nameof(prompts));
        var scorer = new Scorer(reference, reward, options.Scoring);
        var provenance = new ReferenceProvenance(reference.Identity, reward.Identity, options.Scoring.Describe(), options.Seed);
        var seed = new DrawSeed(options.Seed, DrawPurpose.Reference);
        string[] distinct = [.. prompts.Distinct(StringComparer.Ordinal)];
        var entries = new List<ReferencePrompt>(distinct.Length);
        foreach (string[] batch in distinct.Chunk(options.PromptsPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<Completion> drawn = reference.Sample(batch, options.SamplesPerPrompt, seed, cancellationToken);
            ScoredBatch scored = await scorer.ScoreAsync(drawn, keepLone: true, cancellationToken).ConfigureAwait(false);
            ILookup<string, ScoredCompletion> byPrompt = scored.ToLookup(sample => sample.Completion.Prompt, StringComparer.Ordinal);
            foreach (string prompt in batch)
                entries.Add(Entry(prompt, [.. byPrompt[prompt]], options.SamplesPerPrompt));
            options.Progress?.Report((double)entries.Count / distinct.Length);
        }

        return new ReferenceTable(entries, provenance);
    }

    /// <summary>Reads a table: ours, or either of the two formats that the authors of the paper publish.</summary>
    /// <param name="path">A JSON Lines file.</param>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidDataException">The file is empty, cut, or not such a file; the message names file, line and remedy.</exception>
    public static ReferenceTable Load(string path) => ReferenceTableFile.Read(path);

    /// <summary>Writes the table as JSON Lines, one prompt a line; whole or not at all, an older file at the path stays until then.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written; what was there before is untouched.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => ReferenceTableFile.Write(stream, this));

    /// <summary>pi_bon for every prompt of the table.</summary>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="estimator">How F and the log-ratio are estimated from the rewards.</param>
    /// <param name="onWarning">Told when there are too few samples for N; null writes that to the error stream, <c>_ => { }</c> silences it.</param>
    /// <returns>The distribution.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or <paramref name="estimator"/> is out of range or NaN.</exception>
    public EmpiricalBoNDistribution BestOf(double n, RatioEstimator estimator = RatioEstimator.SelfInclusive, Action<string>? onWarning = null) =>
        new(_byPrompt.ToDictionary(entry => entry.Key, entry => entry.Value.Cdf), n, estimator, onWarning);

    /// <summary>The samples of this table and of another of the same reference, reward model and scoring: more samples of a prompt that both have, and the prompts of both.</summary>
    /// <remarks>
    /// Draws that both hold count once: of two tables of one seed the longer list of a prompt is kept, when the other is its beginning. Tables that do not know
    /// where they come from are refused when they are copies.
    /// </remarks>
    /// <param name="other">The other table; its new prompts come after those of this one.</param>
    /// <returns>A table of its own.</returns>
    /// <exception cref="InvalidOperationException">The tables come from different things, or hold partly the same draws; the message says which.</exception>
    public ReferenceTable Merge(ReferenceTable other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceTableMerge.Of(this, other);
    }

    /// <summary>The same samples, rewards of a prompt no further apart than a tolerance being one: see <see cref="EmpiricalRewardCdf"/>. Not saved with the table.</summary>
    /// <param name="tieTolerance">Finite, at least 0, in the unit of the rewards.</param>
    /// <returns>A table of its own.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public ReferenceTable WithTieTolerance(double tieTolerance) => new(Prompts.Select(prompt => prompt.WithTieTolerance(tieTolerance)), Provenance);

    /// <summary>Refuses to be used with another reference, reward model or way of scoring than it was made with.</summary>
    /// <remarks>An imported table does not know where it comes from and passes.</remarks>
    /// <param name="scorer">What live completions are scored with.</param>
    /// <exception cref="InvalidOperationException">Something differs; the message names it.</exception>
    public void RequireMatch(Scorer scorer)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        if (Provenance is null)
            return;
        var differences = new List<string>();
        Compare("reference policy", Provenance.Reference, scorer.Reference.Identity);
        Compare("reward model", Provenance.RewardModel, scorer.Reward.Identity);
        Compare("scoring", Provenance.Scoring, scorer.Options.Describe());
        if (differences.Count > 0)
            throw new InvalidOperationException($"The reference table was not made with what it is used with: {string.Join("; ", differences)}. Use the same, or estimate the table anew.");

        void Compare(string what, string table, string live)
        {
            if (table != live)
                differences.Add($"{what} of the table is \"{table}\", here it is \"{live}\"");
        }
    }

    private static ReferencePrompt Entry(string prompt, ScoredCompletion[] samples, int drawn) => samples.Length > 0
        ? new ReferencePrompt(prompt, samples, drawn - samples.Length)
        : throw new RewardModelException($"None of the {drawn} reference samples of the prompt \"{prompt}\" could be scored; all were excluded. See why the reward model fails for them, or whether all are truncated.");
}
