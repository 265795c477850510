using System.Buffers;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>A reference cache on disk that grows record by record: what <see cref="ReferenceTable.EstimateAsync(Scorer, IReadOnlyList{Prompt}, ReferenceTableOptions, CancellationToken)"/> writes into when it is given a folder.</summary>
/// <remarks>
/// A folder with a manifest, a file of records that is only ever appended to, and a side file of rewards that is made from it. A batch is
/// appended whole or not at all: it counts once its last byte is written, and what a killed process leaves of one is cut off by
/// <see cref="Open(string, ReferenceProvenance?, ReferenceStoreOptions?)"/>. One writer at a time, whatever process it is in; <see cref="ReferenceTable.Load"/> reads. Not thread-safe.
/// </remarks>
public sealed class ReferenceStore : IDisposable
{
    private const int RecordsPerBatch = 64;
    private readonly FileStream _lock;
    private readonly ReferenceManifest _manifest;
    private readonly ReferenceStoreFile _file;
    private readonly Dictionary<Prompt, SampleRanges> _ranges = [];
    private readonly ArrayBufferWriter<byte> _json = new();
    private ReferenceIndex? _index; // that of the records as they were found, until it is handed on or something is appended
    private GrowingReferenceIndex? _growing; // null where nothing was appended, or the side file must be made anew

    private ReferenceStore(string folder, FileStream writerLock, ReferenceManifest manifest, ReferenceRepair? repair, ReferenceIndex index, ReferenceStoreFile file)
    {
        (Folder, _lock, _manifest, Repair, _index, _file) = (folder, writerLock, manifest, repair, index, file);
        for (int prompt = 0; prompt < index.Prompts; prompt++)
        {
            SampleRanges ranges = _ranges[index.Prompt(prompt)] = new SampleRanges();
            foreach (var record in index.RecordsOf(prompt))
                ranges.TryAdd(record.First, record.Drawn);
        }
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Where the rewards come from; null when that is not known.</summary>
    public ReferenceProvenance? Provenance => _manifest.Provenance;

    /// <summary>The version of this library that made the store.</summary>
    public string LibraryVersion => _manifest.Library;

    /// <summary>What was cut off when the store was opened; null when it was whole.</summary>
    public ReferenceRepair? Repair { get; }

    /// <summary>How many prompts have samples here.</summary>
    public int Prompts => _ranges.Count;

    /// <summary>Opens a store for writing, or makes one; a last batch that is not whole is cut off.</summary>
    /// <param name="folder">The folder; new, empty, or a store.</param>
    /// <param name="provenance">Where the rewards come from, which must be where those of the store come from; null for rewards that came from elsewhere.</param>
    /// <param name="options">How it is written.</param>
    /// <returns>The store, the caller's to dispose.</returns>
    /// <exception cref="InvalidOperationException">The store holds rewards of something else; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">The folder is no store, or a record is damaged; the message names file, line and byte.</exception>
    /// <exception cref="IOException">Another writer has it, or a file cannot be read or written.</exception>
    public static ReferenceStore Open(string folder, ReferenceProvenance? provenance, ReferenceStoreOptions? options = null) =>
        Open(folder, provenance, options ?? new ReferenceStoreOptions(), file => file);

    /// <summary>The same with a stream around the file of records, for tests of what fails in writing.</summary>
    internal static ReferenceStore Open(string folder, ReferenceProvenance? provenance, ReferenceStoreOptions options, Func<FileStream, Stream> around)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options.Validate();
        Directory.CreateDirectory(folder);
        FileStream writerLock = WriterLock.Take(folder);
        try
        {
            ReferenceManifest manifest = ObtainManifest(folder, provenance, options);
            RequireProvenance(folder, manifest, provenance);
            (ReferenceRepair? repair, ReferenceIndex index) = Mend(folder, manifest);
            return new ReferenceStore(folder, writerLock, manifest, repair, index, new ReferenceStoreFile(Path.Combine(folder, manifest.SamplesFile), options.FlushToDisk, around));
        }
        catch
        {
            writerLock.Dispose();
            throw;
        }
    }

    /// <summary>Copies the records of other stores into one: what several processes have drawn, different prompts or different samples of the same.</summary>
    /// <remarks>A record that is there already is left out, so that a merge which was interrupted can be called again.</remarks>
    /// <param name="folder">The store to copy into; new, empty, or a store of the same provenance.</param>
    /// <param name="shards">The stores to copy from; at least one. They stay as they are.</param>
    /// <param name="options">How it is written.</param>
    /// <returns>How many records were copied, and what was cut off the store before.</returns>
    /// <exception cref="ArgumentException">There is no shard.</exception>
    /// <exception cref="InvalidOperationException">The stores hold rewards of different things, or some of the same samples in different records; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">A folder is no store, or a record is damaged.</exception>
    /// <exception cref="IOException">A store is being written, or a file cannot be read or written.</exception>
    public static ReferenceMerge Merge(string folder, IReadOnlyList<string> shards, ReferenceStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(shards);
        if (shards.Count == 0)
            throw new ArgumentException("There is no store to copy from; give at least one.", nameof(shards));
        using ReferenceStore target = Open(folder, ReferenceManifest.Read(shards[0]).Provenance, options);
        int copied = 0;
        foreach (string shard in shards)
        {
            using var source = StoredReferenceData.Open(shard);
            RequireProvenance(folder, target._manifest, source.Manifest.Provenance);
            copied += target.Copy(source, shard);
        }

        return new ReferenceMerge(copied, target.Repair);
    }

    /// <summary>Adds samples of several prompts as one batch: all of it counts, or, when writing fails, none.</summary>
    /// <param name="batch">The samples of each prompt, at least one prompt, none twice.</param>
    /// <param name="firstSample">Index of the first sample of each that was drawn, 0 or more; those that were excluded count as drawn.</param>
    /// <exception cref="ArgumentException">The store has one of these samples, or the batch is empty or names a prompt twice.</exception>
    /// <exception cref="IOException">The batch could not be written; the store is as it was.</exception>
    public void Append(IReadOnlyList<ReferencePrompt> batch, int firstSample = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        Append([.. batch.Select(prompt => (prompt, firstSample))]);
    }

    /// <summary>Which of the samples First to First + Count - 1 of a prompt are not here.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="firstSample">0 or more.</param>
    /// <param name="count">0 or more.</param>
    /// <returns>Ranges in order; none when all are here.</returns>
    public IReadOnlyList<(int First, int Count)> Missing(Prompt prompt, int firstSample, int count)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return [.. _ranges.GetValueOrDefault(prompt, new SampleRanges()).Missing(firstSample, count)];
    }

    /// <summary>All that is here as a table, which reads from the files; completes the side file after something was added.</summary>
    /// <returns>The table, the caller's to dispose; without the prompts each of whose samples was excluded.</returns>
    /// <exception cref="ArgumentException">There is no reward yet.</exception>
    /// <exception cref="IOException">The side file cannot be written; the records are safe.</exception>
    public ReferenceTable AsTable() => new(ToData(range: null));

    /// <summary>The same of some prompts, in their order, and of samples First to First + Count - 1; prompts without a reward are there as well.</summary>
    internal ReferenceTable AsTable(IEnumerable<Prompt> prompts, int firstSample, int count) => new(ToData((firstSample, (long)firstSample + count)), prompts);

    /// <summary>Completes the side file and lets other writers in.</summary>
    public void Dispose()
    {
        CompleteIndex();
        _index?.Dispose();
        _file.Dispose();
        _lock.Dispose();
    }

    private static ReferenceManifest ObtainManifest(string folder, ReferenceProvenance? provenance, ReferenceStoreOptions options)
    {
        foreach (string left in Directory.EnumerateFiles(folder, "*.tmp").Where(file => Path.GetFileName(file).StartsWith(ReferenceManifest.FileName, StringComparison.Ordinal) || Path.GetFileName(file).StartsWith(ReferenceIndexLayout.FileName, StringComparison.Ordinal)))
            File.Delete(left); // of a process that was killed while it wrote them
        if (Directory.EnumerateFileSystemEntries(folder).All(entry => Path.GetFileName(entry) == WriterLock.FileName))
            new ReferenceManifest(provenance, options.Compression, ReferenceManifest.ThisLibrary).Write(folder);
        return ReferenceManifest.Read(folder);
    }

    private static void RequireProvenance(string folder, ReferenceManifest manifest, ReferenceProvenance? provenance)
    {
        string[] differences = [.. ReferenceProvenance.Differences(manifest.Provenance, provenance)];
        if (differences.Length > 0)
            throw new InvalidOperationException($"The reference cache {folder} was not made with what it is opened with: {string.Join("; ", differences)}. Use the same, or another folder.");
    }

    private static (ReferenceRepair? Repair, ReferenceIndex Index) Mend(string folder, ReferenceManifest manifest)
    {
        ReferenceIndex? index = ReferenceIndex.TryOpen(folder, manifest); // before a file that is missing is made: it may have been lost
        using (new FileStream(Path.Combine(folder, manifest.SamplesFile), FileMode.OpenOrCreate, FileAccess.Write))
        {
        }

        if (index is { HasWholeBatches: true })
            return (null, index);
        index?.Dispose();
        return (ReferenceIndexBuilder.Build(folder, manifest, repair: true), StoredReferenceData.Reopen(folder, manifest));
    }

    private void Append(IReadOnlyList<(ReferencePrompt Samples, int First)> batch)
    {
        if (batch.Count == 0 || batch.DistinctBy(record => record.Samples.Prompt).Count() < batch.Count)
            throw new ArgumentException("A batch needs at least one prompt, and none twice.", nameof(batch));
        foreach ((ReferencePrompt samples, int first) in batch)
            RequireNew(samples.Prompt, first, Drawn(samples));
        byte[][] records = [.. batch.Select((record, i) => Record(record.Samples, record.First, batch.Count - 1 - i))];
        Grow(BeginIndex);
        long offset = _file.Length;
        _file.Append(records);
        for (int i = 0; i < records.Length; i++)
        {
            (ReferencePrompt samples, int first) = batch[i];
            if (!_ranges.TryGetValue(samples.Prompt, out SampleRanges? ranges))
                _ranges[samples.Prompt] = ranges = new SampleRanges();
            ranges.TryAdd(first, Drawn(samples));
            Grow(() => _growing?.Add(samples, first, offset, records[i].Length));
            offset += records[i].Length;
        }
    }

    /// <summary>Keeps the side file up. Where it cannot be written it is dropped, and made from the records when it is asked for: who asks is told what is wrong.</summary>
    private void Grow(Action grow)
    {
        try
        {
            grow();
        }
        catch (Exception e) when (FileSizeLimit.IsFailedWrite(e))
        {
            _growing?.Dispose();
            _growing = null;
        }
    }

    private void BeginIndex()
    {
        if (_growing is not null)
            return;
        using ReferenceIndex? before = TakeIndex() ?? ReferenceIndex.TryOpen(Folder, _manifest);
        if (before is not null)
            _growing = new GrowingReferenceIndex(Folder, before);
    }

    private void CompleteIndex()
    {
        string records = Path.Combine(Folder, _manifest.SamplesFile);
        if (new FileInfo(records).Length == _file.Length) // else a failed batch could not be taken back, and opening cuts it off
            Grow(() => _growing?.Complete(records, _file.Length));
        _growing?.Dispose();
        _growing = null;
    }

    private ReferenceIndex? TakeIndex()
    {
        ReferenceIndex? index = _index;
        _index = null;
        return index;
    }

    private StoredReferenceData ToData((long First, long End)? range)
    {
        CompleteIndex();
        return StoredReferenceData.OpenLocked(Folder, _manifest, TakeIndex(), range);
    }

    private void RequireNew(Prompt prompt, int first, int count)
    {
        if (_ranges.TryGetValue(prompt, out SampleRanges? ranges) && ranges.Overlaps(first, count))
            throw new ArgumentException($"Samples {first} to {first + count - 1} of the prompt \"{prompt}\" cannot be added to {Folder}: it has samples {ranges}.");
    }

    private byte[] Record(ReferencePrompt samples, int first, int following)
    {
        byte[] line = ReferenceTableFile.SealedLine(_json, samples, first, following, provenance: null);
        return _manifest.Compression == ReferenceCompression.Gzip ? GzipRecordReader.Pack(line) : line;
    }

    private int Copy(StoredReferenceData source, string shard)
    {
        int copied = 0;
        foreach (int[] numbers in Enumerable.Range(0, source.Index.Prompts).Chunk(RecordsPerBatch))
        {
            foreach (var layer in numbers.SelectMany(number => source.Index.RecordsOf(number).Select((record, place) => (record, place))).GroupBy(item => item.place, item => item.record))
            {
                var records = layer.Where(record => !IsHere(source.Index.Prompt(record.Prompt), record, shard)).ToArray();
                if (records.Length > 0)
                    Append([.. records.Select(record => (source.Read(record), record.First))]);
                copied += records.Length;
            }
        }

        return copied;
    }

    private bool IsHere(Prompt prompt, ReferenceIndexLayout.Record record, string shard)
    {
        if (!_ranges.TryGetValue(prompt, out SampleRanges? ranges) || !ranges.Overlaps(record.First, record.Drawn))
            return false;
        return ranges.HasRecord(record.First, record.Drawn)
            ? true
            : throw new InvalidOperationException($"Samples {record.First} to {record.First + record.Drawn - 1} of the prompt \"{prompt}\" in {shard} are partly in {Folder}, which has samples {ranges}. Merge stores whose ranges of samples are the same or do not meet.");
    }

    private static int Drawn(ReferencePrompt samples) => samples.Drawn;
}
