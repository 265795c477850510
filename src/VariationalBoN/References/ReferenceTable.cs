using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using VariationalBoN.BestOfN;
using VariationalBoN.Internal;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>M scored reference samples for each prompt: what F, and with it the Best-of-N distribution, is estimated from.</summary>
/// <remarks>
/// Immutable, thread-safe. Made once, saved, and used by every run with the same reference and reward model. A table of a store reads from
/// its file and holds it open until it is disposed of or collected; one in memory holds nothing to dispose of.
/// </remarks>
public sealed partial class ReferenceTable : IDisposable
{
    private readonly TablePrompts _prompts;
    private readonly bool _acceptsUnknown;

    /// <summary>Creates a table from samples.</summary>
    /// <param name="prompts">At least one prompt with its samples; no prompt twice.</param>
    /// <param name="provenance">Where the rewards come from; null when that is not known, and then nothing can be checked.</param>
    /// <exception cref="ArgumentException">There is no prompt, one stands twice, or one has no reward.</exception>
    public ReferenceTable(IEnumerable<ReferencePrompt> prompts, ReferenceProvenance? provenance = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        (_prompts, Provenance) = (TablePrompts.Of([.. prompts]), provenance);
    }

    private ReferenceTable(TablePrompts prompts, ReferenceProvenance? provenance, bool acceptsUnknown) =>
        (_prompts, Provenance, _acceptsUnknown) = (prompts, provenance, acceptsUnknown);

    /// <summary>The prompts in order.</summary>
    public ImmutableArray<ReferencePrompt> Prompts => _prompts.All;

    /// <summary>Where the rewards come from; null for an imported table.</summary>
    public ReferenceProvenance? Provenance { get; }

    /// <summary>What a scored batch must come from to be held against this table; null where the caller vouches for it.</summary>
    internal ScoringIdentity? Origin => Provenance?.Origin ?? (_acceptsUnknown ? null : ScoringIdentity.Unknown);

    /// <summary>The samples of a prompt.</summary>
    /// <param name="prompt">The prompt x, compared character by character.</param>
    /// <exception cref="KeyNotFoundException">The prompt is not in the table.</exception>
    public ReferencePrompt this[Prompt prompt]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(prompt);
            return _prompts.Find(prompt) ?? throw new KeyNotFoundException(_prompts.WhyNot(prompt));
        }
    }

    /// <summary>Draws M reference samples for each prompt and scores them.</summary>
    /// <param name="scorer">The reference and the reward model, and how failures and truncated completions are treated.</param>
    /// <param name="prompts">At least one prompt, training and held-out; a prompt that stands twice is sampled once.</param>
    /// <param name="samplesPerPrompt">M, at least 1; about 5 N and more for errors below 0.05 nats.</param>
    /// <param name="seed">Fixes the draws.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or M is below 1.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public static Task<ReferenceTable> EstimateAsync(
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        int samplesPerPrompt,
        long seed,
        CancellationToken cancellationToken = default
    ) => EstimateAsync(scorer, prompts, new ReferenceTableOptions { SamplesPerPrompt = samplesPerPrompt, Seed = seed }, cancellationToken);

    /// <summary>Draws M reference samples for each prompt and scores them.</summary>
    /// <param name="scorer">The reference and the reward model, and how failures and truncated completions are treated.</param>
    /// <param name="prompts">At least one prompt, training and held-out; a prompt that stands twice is sampled once.</param>
    /// <param name="options">M, seed, batches, store and progress.</param>
    /// <param name="cancellationToken">Stops drawing and scoring. A store keeps what was scored; what was drawn and not yet scored is lost
    /// and drawn again by the next call, as where the reward model fails.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had; or, once all is drawn, prompts have no sample left: the message
    /// names them, and the store keeps what was drawn.</exception>
    public static Task<ReferenceTable> EstimateAsync(
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        ReferenceTableOptions options,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(scorer);
        return EstimateAsync(new PolicyCompletionSource(scorer.Reference, scorer), prompts, options, cancellationToken);
    }

    /// <summary>Takes M scored reference samples for each prompt from a source, such as one that draws elsewhere.</summary>
    /// <inheritdoc cref="EstimateAsync(Scorer, IReadOnlyList{Prompt}, ReferenceTableOptions, CancellationToken)"/>
    /// <param name="source">Draws from the reference and scores.</param>
    /// <param name="prompts">At least one prompt; a prompt that stands twice is sampled once.</param>
    /// <param name="samplesPerPrompt">M, at least 1.</param>
    /// <param name="seed">Fixes the samples.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>The table, in memory alone.</returns>
    public static Task<ReferenceTable> EstimateAsync(
        ICompletionSource source,
        IReadOnlyList<Prompt> prompts,
        int samplesPerPrompt,
        long seed,
        CancellationToken cancellationToken = default
    ) => EstimateAsync(source, prompts, new ReferenceTableOptions { SamplesPerPrompt = samplesPerPrompt, Seed = seed }, cancellationToken);

    /// <summary>Takes M scored reference samples for each prompt from a source, such as one that draws elsewhere.</summary>
    /// <param name="source">Draws from the reference and scores.</param>
    /// <param name="prompts">At least one prompt, training and held-out; a prompt that stands twice is sampled once.</param>
    /// <param name="options">M, seed, batches, store and progress.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <exception cref="ArgumentException">There is no prompt, an option is out of range, or the source draws from another policy than the
    /// reference whose log-probabilities it gives.</exception>
    public static Task<ReferenceTable> EstimateAsync(
        ICompletionSource source,
        IReadOnlyList<Prompt> prompts,
        ReferenceTableOptions options,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return ReferenceEstimation.Of(source, prompts, options).RunAsync(cancellationToken);
    }

    /// <summary>Reads a table: a <see cref="ReferenceStore"/>, a file of ours in JSON Lines,
    /// or either of the two formats that the authors of the paper publish.</summary>
    /// <remarks>
    /// JSON Lines are read into memory. A store is opened read-only, and its samples are read when they are asked for; what is appended to
    /// it later is not seen. Its prompts none of whose samples has a reward are left out of <see cref="Prompts"/>; asking for one says so.
    /// </remarks>
    /// <param name="path">A store, or a JSON Lines file.</param>
    /// <returns>The table.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is empty, cut, damaged, or not such a file;
    /// the message names file, place and remedy.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ReferenceTable Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) || StoreOpening.IsDatabase(path) ? OfStore(path) : ReferenceTableFile.Read(path);
    }

    /// <summary>Writes the table as JSON Lines; whole or not at all, an older file at the path stays until then.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">All there is, or what the authors of the paper publish, which their tools read.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="format"/> is not a member of the enumeration.</exception>
    /// <exception cref="InvalidOperationException">
    /// A row for each sample is asked for, and the texts of a prompt are not known;
    /// or a text has half of a surrogate pair, which no file can keep.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written; what was there before is untouched.</exception>
    public void Save(string path, ReferenceTableFormat format = ReferenceTableFormat.Whole)
    {
        if (!Enum.IsDefined(format))
            throw new ArgumentOutOfRangeException(nameof(format), format, "The format must be Whole, RowPerPrompt or RowPerSample.");
        AtomicFile.Write(path, stream => ReferenceTableFile.Write(stream, this, format));
    }

    /// <summary>pi_bon for every prompt of the table.</summary>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="estimator">How F and the log-ratio are estimated from the rewards.</param>
    /// <param name="logger">Told when there are too few samples for N
    /// (<see cref="EmpiricalBoNDistribution.Warning"/>); null for none.</param>
    /// <returns>The distribution.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or
    /// <paramref name="estimator"/> is out of range or NaN.</exception>
    public EmpiricalBoNDistribution BestOf(double n, RatioEstimator estimator = RatioEstimator.SelfInclusive, ILogger? logger = null) =>
        new(new ReferenceTableCdfs(this), n, estimator, logger, Origin);

    /// <summary>The samples of this table and of another of the same reference, reward model and scoring: more samples of a prompt that
    /// both have, and the prompts of both.</summary>
    /// <remarks>
    /// Draws that both hold count once: of two tables of one seed the longer list of a prompt is kept, when the other is its beginning.
    /// Tables that do not know where they come from are refused when they are copies.
    /// </remarks>
    /// <param name="other">The other table; its new prompts come after those of this one.</param>
    /// <returns>A table in memory; prompts that only one of the two has are still read from where that one reads,
    /// so keep tables of stores until it is used no more.</returns>
    /// <exception cref="InvalidOperationException">The tables come from different things,
    /// or hold partly the same draws; the message says which.</exception>
    public ReferenceTable Merge(ReferenceTable other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceTableMerge.Of(this, other);
    }

    /// <summary>
    /// This table, in which rewards of a prompt that differ by at most a tolerance
    /// count as equal: see <see cref="EmpiricalRewardCdf"/>. Not saved with the table.
    /// </summary>
    /// <param name="tieTolerance">Finite, at least 0, in the unit of the rewards.</param>
    /// <returns>A table that shares the store of this one where it has one: disposing of either closes it for both.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public ReferenceTable WithTieTolerance(double tieTolerance) =>
        new(_prompts.Select(prompt => prompt.WithTieTolerance(tieTolerance)), Provenance, _acceptsUnknown);

    /// <summary>The first M samples of each prompt: what an estimation of fewer samples would have drawn.</summary>
    /// <param name="samplesPerPrompt">M, at least 1: samples that were drawn, those without a reward included.</param>
    /// <returns>A table in memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samplesPerPrompt"/> is below 1
    /// or above what was drawn of a prompt, which the message names.</exception>
    /// <exception cref="ArgumentException">None of the first M of a prompt has a reward.</exception>
    public ReferenceTable First(int samplesPerPrompt)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerPrompt, 1);
        if (Prompts.FirstOrDefault(prompt => prompt.Drawn < samplesPerPrompt) is { } shorter)
            throw new ArgumentOutOfRangeException(
                nameof(samplesPerPrompt),
                samplesPerPrompt,
                $"Of the prompt \"{shorter.Prompt}\" only {shorter.Drawn} samples were drawn."
            );
        return Of(Prompts.Select(prompt => new ReferencePrompt(prompt.Prompt, prompt.All.Take(samplesPerPrompt), prompt.TieTolerance)));
    }

    /// <summary>
    /// This table for rewards that do not say where they come from, such as the files of the paper's authors: the caller vouches that they
    /// are of the reference and the reward model they are used with.
    /// </summary>
    /// <returns>A table that shares the store of this one; this one where <see cref="Provenance"/> is known.</returns>
    public ReferenceTable AcceptUnknownProvenance() => Provenance is not null ? this : new(_prompts, Provenance, acceptsUnknown: true);

    /// <summary>Throws when the table was made with another reference, reward model or way of scoring than that of a scorer.</summary>
    /// <param name="scorer">What live completions are scored with.</param>
    /// <exception cref="InvalidOperationException">Something differs, and the message names it; or where the table comes from is not known
    /// (<see cref="AcceptUnknownProvenance"/>).</exception>
    public void RequireMatch(Scorer scorer)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ScoringIdentity.RequireMatch(Origin, scorer.Origin, "the scorer");
    }

    /// <summary>Closes the store that the table reads from; neither it nor those made of
    /// it by <see cref="WithTieTolerance"/> can be read any more.</summary>
    public void Dispose() => _prompts.Dispose();

    /// <summary>A table that reads from a store: of all its prompts that have a reward.</summary>
    internal static ReferenceTable OfStore(string path) => OfStore(StoredSamples.Open(path), TablePrompts.OfStore);

    /// <summary>A table that reads samples First to First + Count - 1 of some prompts from a store;
    /// prompts without a reward are in it as well.</summary>
    internal static ReferenceTable OfStore(string path, IEnumerable<Prompt> prompts, int firstSample, int count) =>
        OfStore(StoredSamples.Open(path, (firstSample, (long)firstSample + count)), stored => TablePrompts.OfStore(stored, prompts));

    /// <summary>The samples of a prompt; null when it is not here.</summary>
    internal ReferencePrompt? Find(Prompt prompt) => _prompts.Find(prompt);

    private static ReferenceTable OfStore(StoredSamples stored, Func<StoredSamples, TablePrompts> prompts)
    {
        try
        {
            return new ReferenceTable(prompts(stored), stored.Provenance, acceptsUnknown: false);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>A table in memory of prompts that were made of those of this one.</summary>
    private ReferenceTable Of(IEnumerable<ReferencePrompt> prompts) => new(TablePrompts.Of([.. prompts]), Provenance, _acceptsUnknown);
}
