namespace VariationalBoN.References;

/// <summary>
/// Reference samples and their rewards on disk, in one SQLite file that grows batch by batch: what
/// <see cref="ReferenceTable.EstimateAsync(Scorer, IReadOnlyList{Prompt}, ReferenceTableOptions, CancellationToken)"/>
/// writes into when it is given a store.
/// </summary>
/// <remarks>
/// A batch is kept whole or not at all, whenever the process is killed or the machine loses power. One writer at a time, whatever process
/// it is in; <see cref="ReferenceTable.Load"/> reads, also while another process writes. It is a SQLite database. Not thread-safe.
/// </remarks>
public sealed class ReferenceStore : IDisposable
{
    /// <summary>What lets samples of other executions in, for messages.</summary>
    internal const string Accepting =
        $"do without equal bits by {nameof(ReferenceStoreOptions)}.{nameof(ReferenceStoreOptions.AcceptOtherExecution)}";

    private readonly StoreWriter _writer;
    private readonly bool _acceptsOtherExecution;
    private ModelIdentity? _appended; // under which execution what is appended was drawn

    private ReferenceStore(StoreWriter writer, ReferenceStoreOptions options) =>
        (_writer, _acceptsOtherExecution, Provenance) = (writer, options.AcceptOtherExecution, StoreFacts.Read(writer.Facts, writer.Path));

    /// <summary>The full path of the file.</summary>
    public string Path => _writer.Path;

    /// <summary>Where the rewards come from; null when that is not known.</summary>
    public ReferenceProvenance? Provenance { get; private set; }

    /// <summary>The version of this library that made the store.</summary>
    public string LibraryVersion => StoreFacts.LibraryOf(_writer.Facts);

    /// <summary>How batches are kept whole; <see cref="ReferenceJournal.Automatic"/> until the first is appended.</summary>
    public ReferenceJournal Journal => _writer.Journal;

    /// <summary>How many prompts have samples here.</summary>
    public int Prompts => _writer.Prompts;

    /// <summary>Opens a store for writing, or makes one; a batch that a killed process was writing is taken back.</summary>
    /// <param name="path">The file: a store, or nothing yet.</param>
    /// <param name="provenance">
    /// Where the rewards come from, which must be where those of the store come from; null for rewards that came from elsewhere.
    /// </param>
    /// <param name="options">How it is written.</param>
    /// <returns>The store, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The store holds rewards of something else; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is no store, is damaged, or lacks its log (<see cref="ReferenceStoreOptions.AcceptLostLog"/>).
    /// </exception>
    /// <exception cref="IOException">Another writer has it, or it cannot be read or written.</exception>
    public static ReferenceStore Open(string path, ReferenceProvenance? provenance, ReferenceStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new ReferenceStoreOptions();
        options.Validate();
        ReferenceStore store = OpenOfAnyExecution(path, provenance, options);
        try
        {
            store.RequireExecution(provenance);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Opens a store of any execution, or makes one of this;
    /// <see cref="RequireExecution"/> before anything is drawn for it.</summary>
    internal static ReferenceStore OpenOfAnyExecution(string path, ReferenceProvenance? provenance, ReferenceStoreOptions options) =>
        new(
            StoreWriter.Open(
                path,
                StoreFacts.Of(provenance),
                there => StoreFacts.Differences(there, path, provenance),
                options.ToWriting()
            ),
            options
        );

    /// <summary>
    /// Copies the samples of other stores into one: what several processes have drawn, different prompts or different samples of the same.
    /// </summary>
    /// <remarks>
    /// Samples that are there already are left out, so that a merge which was interrupted can be called again. All stores are
    /// compared before anything is copied, and what is copied is checked. A new store promises equal bits where the first one does.
    /// </remarks>
    /// <param name="path">The store to copy into; a store of the same provenance, or nothing yet.</param>
    /// <param name="shards">The stores to copy from; at least one. They stay as they are.</param>
    /// <param name="options">How it is written.</param>
    /// <returns>How many rows, each the samples that were drawn of a prompt at a time, were copied.</returns>
    /// <exception cref="ArgumentException">There is no shard, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">
    /// The stores hold rewards of different things, or samples of different executions where that is not accepted
    /// (<see cref="ReferenceStoreOptions.AcceptOtherExecution"/>),
    /// or some of the same samples in different rows; the message names what differs.
    /// </exception>
    /// <exception cref="InvalidDataException">A file is no store, or a row is damaged.</exception>
    /// <exception cref="IOException">The store is being written, or a file cannot be read or written.</exception>
    public static int Merge(string path, IReadOnlyList<string> shards, ReferenceStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(shards);
        if (shards.Count == 0)
            throw new ArgumentException("There is no store to copy from; give at least one.", nameof(shards));
        options ??= new ReferenceStoreOptions();
        options.Validate();
        return StoreMerge.Run(path, shards, options);
    }

    /// <summary>Copies the samples of a folder that version 0.1 of this library wrote, plain or compressed, into a store.</summary>
    /// <remarks>
    /// Samples that are there already are left out, so that an import which was interrupted can be called again. A last batch that a
    /// killed process left unfinished in the folder is not copied: its samples are drawn again. The identities of version 0.1 are
    /// single texts; to go on with the rewards, give the provenance that they have now. That also says that their texts are those of
    /// this version: version 0.1 decoded completions without their prompt, which gives the same texts for byte-level tokenizers alone.
    /// </remarks>
    /// <param name="folder">The folder; it stays as it is.</param>
    /// <param name="path">The store to copy into; a store of the same provenance, or nothing yet.</param>
    /// <param name="provenance">Where the rewards come from; null takes what the folder says.</param>
    /// <param name="options">How it is written.</param>
    /// <returns>How many rows were copied.</returns>
    /// <exception cref="InvalidOperationException">
    /// The store holds rewards of something else, or some of the same samples in different rows; the message names what differs.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// The folder was not written by version 0.1, or a record is damaged; the message names file, line and byte.
    /// </exception>
    /// <exception cref="IOException">The store is being written, or a file cannot be read or written.</exception>
    public static int Import(string folder, string path, ReferenceProvenance? provenance = null, ReferenceStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(path);
        var source = ReferenceFolder.Open(folder);
        using ReferenceStore store = Open(path, provenance ?? source.Provenance, options);
        int copied = source.Batches().Sum(batch => store.Write(store._appended, forget => store._writer.AppendNew(batch, folder, forget)));
        store.Close();
        return copied;
    }

    /// <summary>Reads all that a store holds and compares it with its checksums.</summary>
    /// <param name="path">The file; it stays as it is.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">Something is not as it was written; the message names the row and its prompt.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static void Check(string path)
    {
        using var reader = StoreReader.Open(path);
        reader.Check();
    }

    /// <summary>Adds samples of several prompts as one batch: all of it is kept, or, when writing fails, none.</summary>
    /// <param name="batch">The samples of each prompt, at least one prompt, none twice.</param>
    /// <param name="firstSample">
    /// Index of the first sample of each that was drawn, 0 or more; those without a reward count as drawn.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The store has one of these samples, the batch is empty or names a prompt twice, or a text cannot be kept.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="firstSample"/> is negative.</exception>
    /// <exception cref="IOException">The batch could not be written; the store is as it was.</exception>
    public void Append(IReadOnlyList<ReferencePrompt> batch, int firstSample = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        if (batch.Count == 0)
            throw new ArgumentException("A batch needs at least one prompt.", nameof(batch));
        Write(
            _appended,
            forget =>
            {
                _writer.Append([.. batch.Select(prompt => StoreRowSamples.ToRow(prompt, firstSample))], forget);
                return batch.Count;
            }
        );
    }

    /// <summary>Which of the samples firstSample to firstSample + count - 1 of a prompt are not in the store.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="firstSample">0 or more.</param>
    /// <param name="count">0 or more.</param>
    /// <returns>Ranges in order; none when all are here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public IReadOnlyList<(int First, int Count)> Missing(Prompt prompt, int firstSample, int count)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return [.. _writer.Missing(prompt, firstSample, count)];
    }

    /// <summary>Refuses to append samples of another execution where bits are promised, unless that is accepted;
    /// says which what is appended is of.</summary>
    /// <exception cref="InvalidOperationException">It is another one; the message names what differs.</exception>
    internal void RequireExecution(ReferenceProvenance? here)
    {
        ModelIdentity? there = Provenance?.Execution;
        _appended = here?.Execution;
        if (
            _acceptsOtherExecution
            || ReferenceProvenance.ExecutionDifference(there, _appended, "the store", "what is drawn here") is not string difference
        )
            return;
        const string Blocks = nameof(ReferenceTableOptions.SamplesPerBlock);
        string remedy =
            there is null ? $"Leave {Blocks} out"
            : _appended is null ? $"Set {Blocks}"
            : "Use machines of one kind, with equal threads, kernels and version";
        throw new InvalidOperationException(
            $"The store {Path} refuses the samples drawn here: {difference}. {remedy}, use another store, or {Accepting}."
        );
    }

    /// <summary>Copies the rows of a store, drawn under an execution, that are not here yet.</summary>
    /// <returns>How many.</returns>
    internal int Copy(StoreReader shard, ModelIdentity? execution) => Write(execution, forget => _writer.Merge(shard, forget));

    /// <summary>Writes samples of an execution; where any are added that are of another than is promised,
    /// the promise goes with them.</summary>
    private int Write(ModelIdentity? execution, Func<string?, int> write)
    {
        bool breaks = Provenance?.Execution is { } promised && promised != execution;
        int written = write(breaks ? StoreFacts.Execution : null);
        if (breaks && written > 0)
            Provenance = Provenance! with { Execution = null };
        return written;
    }

    /// <summary>All that is here now as a table, which reads from the file; what is appended later is not in it.</summary>
    /// <returns>The table, the caller's to dispose; without the prompts none of whose samples has a reward.</returns>
    /// <exception cref="InvalidDataException">There is no reward yet.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ReferenceTable AsTable() => ReferenceTable.OfStore(Path);

    /// <summary>
    /// Writes everything into the one file and releases the lock, so that others can
    /// write. While a table of the store is open, an empty log stays beside the file.
    /// </summary>
    /// <exception cref="IOException">What is in the log could not be put into the file; nothing is lost, the log keeps it.</exception>
    public void Close() => _writer.Close();

    /// <summary>
    /// Does what <see cref="Close"/> does, without an exception where it fails: nothing
    /// is lost then, the log beside the file keeps it. Always releases the lock.
    /// </summary>
    public void Dispose() => _writer.Dispose();
}
