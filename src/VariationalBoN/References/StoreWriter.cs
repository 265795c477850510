using System.Globalization;
using Microsoft.Data.Sqlite;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>
/// A store that is written: batches that are kept whole or not at all.
/// One at a time, whatever process it is in; readers go on. Not thread-safe.
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    private const int RowsPerBatch = 64;
    private readonly FileStream _lock;
    private readonly SqliteConnection _connection;
    private readonly StoreRows _rows;
    private readonly StoreWriting _how;
    private readonly Dictionary<UInt128, SampleRanges> _ranges;
    private bool _hasFailed; // the last batch
    private bool _isDisposed;

    private StoreWriter(string path, FileStream writerLock, SqliteConnection connection, StoreWriting how)
    {
        (Path, _lock, _connection, _how, _rows) = (path, writerLock, connection, how, new StoreRows(connection, path));
        _connection.Execute($"PRAGMA synchronous = {(how.FlushToDisk ? "EXTRA" : "NORMAL")}");
        Facts = StoreSchema.ReadFacts(connection, path);
        _ranges = StoreIndex.ReadRanges(connection, path);
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; }

    /// <summary>What the file says of itself.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; }

    /// <summary>How batches are kept whole; <see cref="ReferenceJournal.Automatic"/> until the first is appended.</summary>
    public ReferenceJournal Journal { get; private set; }

    /// <summary>How many prompts have samples here.</summary>
    public int Prompts => _ranges.Count;

    /// <summary>Opens a store, or makes one. A batch that a killed process was writing is taken back.</summary>
    /// <param name="path">The file.</param>
    /// <param name="facts">Where the rewards come from, and what else a new file says of itself.</param>
    /// <param name="differences">What of the facts of a store differs from what it is opened with; none when nothing does.</param>
    /// <param name="how">How it is written.</param>
    /// <exception cref="InvalidOperationException">The store holds rewards of something else; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">The file is no store, or damaged, or lacks its log.</exception>
    /// <exception cref="IOException">Another writer has it, or it cannot be read or written.</exception>
    public static StoreWriter Open(
        string path,
        IReadOnlyCollection<KeyValuePair<string, string>> facts,
        Func<IReadOnlyDictionary<string, string>, IEnumerable<string>> differences,
        StoreWriting how
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = InputFile.TargetOf(path);
        if (System.IO.Path.Exists(path))
            StoreOpening.Inspect(path, how.AcceptLostLog, how.Vfs);
        Disk.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
        FileStream writerLock = StoreLock.Take(path);
        SqliteConnection? connection = null;
        try
        {
            if (!File.Exists(path))
                StoreCreation.Create(path, facts, how.Vfs);
            connection = StoreOpening.ToWrite(path, how.Vfs);
            var writer = new StoreWriter(path, writerLock, connection, how);
            string[] different = [.. differences(writer.Facts)];
            return different.Length == 0
                ? writer
                : throw new InvalidOperationException(
                    $"The store {path} was made with something else than it is opened with: "
                        + $"{string.Join("; ", different)}. Use the same, or another file."
                );
        }
        catch (Exception e)
        {
            connection?.Dispose();
            writerLock.Dispose();
            if (e is SqliteException fault)
                throw fault.Fault(path, "cannot be opened for writing", "Look at the disk and at who else has it open.");
            throw;
        }
    }

    /// <summary>Adds rows as one batch: all of it is kept, or, when writing fails, nothing.</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="forget">A fact that does not hold for them: it goes away with the batch; null for none.</param>
    /// <exception cref="ArgumentException">The store has one of these samples, or a row is not fit to be stored.</exception>
    /// <exception cref="IOException">The batch could not be written; the store is as it was.</exception>
    public void Append(IReadOnlyCollection<StoreRow> batch, string? forget = null)
    {
        foreach (StoreRow row in batch)
            row.Validate();
        (UInt128 Key, StoreRow Row)[] added = [.. batch.Select(row => (StoreIndex.KeyOf(row.Prompt), row))];
        int done = 0;
        try
        {
            for (; done < added.Length; done++)
                Claim(added[done].Key, added[done].Row);
            Write(batch, forget);
        }
        catch (Exception e)
        {
            foreach ((UInt128 key, StoreRow row) in added.AsSpan(0, done))
                Disclaim(key, row);
            if (e is not SqliteException fault)
                throw;
            _hasFailed = true;
            throw fault.Fault(Path, "could not take a batch", "The store is as it was before; make room or mend the disk, and go on.");
        }

        _hasFailed = false;
    }

    /// <summary>Which of the samples First to First + Count - 1 of a prompt are not here.</summary>
    public IEnumerable<(int First, int Count)> Missing(Prompt prompt, int first, int count) =>
        _ranges.GetValueOrDefault(StoreIndex.KeyOf(prompt), new SampleRanges()).Missing(first, count);

    /// <summary>Copies the rows of another store; those that are here already are left out.</summary>
    /// <param name="shard">The other store.</param>
    /// <param name="forget">A fact that does not hold for its rows: it goes away with the first that is copied; null for none.</param>
    /// <returns>How many were copied.</returns>
    /// <exception cref="InvalidOperationException">Some samples of a row are here and some are not.</exception>
    /// <exception cref="InvalidDataException">A row of the other store is damaged.</exception>
    /// <exception cref="IOException">A store could not be read or written.</exception>
    public int Merge(StoreReader shard, string? forget = null)
    {
        int copied = 0;
        foreach (int[] numbers in Enumerable.Range(0, shard.Index.Prompts).Chunk(RowsPerBatch))
        {
            StoreEntry[] entries = [.. numbers.SelectMany(number => shard.Index.RowsOf(number).ToArray())];
            copied += AppendNew([.. entries.Select(shard.Read)], shard.Path, forget);
        }

        return copied;
    }

    /// <summary>Adds the rows of something else that are not here already, as one batch.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="source">Where they come from, for messages.</param>
    /// <param name="forget">A fact that does not hold for them: it goes away where any is added; null for none.</param>
    /// <returns>How many were added.</returns>
    /// <exception cref="InvalidOperationException">Some samples of a row are here and some are not.</exception>
    /// <exception cref="IOException">They could not be written.</exception>
    public int AppendNew(IReadOnlyCollection<StoreRow> rows, string source, string? forget)
    {
        StoreRow[] missing = [.. rows.Where(row => !IsHere(row, source))];
        if (missing.Length > 0)
            Append(missing, forget);
        return missing.Length;
    }

    /// <summary>Puts all into the one file, where nothing else has it open, and lets other writers in.</summary>
    /// <exception cref="IOException">What is in the log could not be put into the file; all of it is kept in the log.</exception>
    public void Close()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        using FileStream writerLock = _lock; // let go of last, whatever fails before
        using SqliteConnection connection = _connection;
        using StoreRows rows = _rows;
        if (!_hasFailed) // else the error was told, and the log keeps what was kept before it
            StoreLog.Close(_connection, Path);
    }

    /// <summary>Closes the file, without a word where that fails: the log keeps all.</summary>
    public void Dispose()
    {
        try
        {
            Close();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or SqliteException)
        {
            // Close tells it; an exception here would stand in the place of the one that ended the caller's block
        }
    }

    private void Write(IReadOnlyCollection<StoreRow> batch, string? forget)
    {
        if (Journal == ReferenceJournal.Automatic)
            Journal = StoreLog.Begin(_connection, Path, _how.Journal);
        _connection.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (StoreRow row in batch)
                _rows.Insert(row);
            if (forget is not null)
                StoreSchema.SetFact(_connection, forget, null);
            _connection.Execute("COMMIT");
        }
        catch
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
                _connection.Execute("ROLLBACK");
            throw;
        }
    }

    private void Claim(UInt128 key, StoreRow row)
    {
        if (!_ranges.TryGetValue(key, out SampleRanges? ranges))
            _ranges[key] = ranges = new SampleRanges();
        if (!ranges.TryAdd(row.First, row.Drawn))
            throw new ArgumentException($"{row} cannot be added to {Path}: it has samples {ranges}, or the batch names some twice.");
    }

    private void Disclaim(UInt128 key, StoreRow row)
    {
        _ranges[key].Remove(row.First, row.Drawn);
        if (_ranges[key].IsEmpty)
            _ranges.Remove(key);
    }

    private bool IsHere(StoreRow row, string source)
    {
        if (!_ranges.TryGetValue(StoreIndex.KeyOf(row.Prompt), out SampleRanges? ranges) || !ranges.Overlaps(row.First, row.Drawn))
            return false;
        return ranges.HasRecord(row.First, row.Drawn)
            ? true
            : throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"In {source}, {row} are partly in {Path}, "
                        + $"which has samples {ranges}. Merge stores whose ranges of samples are the same or do not meet."
                )
            );
    }
}
