using Microsoft.Data.Sqlite;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>
/// A store that is read: the samples that it had when it was opened. Holds its file open until it is disposed of. Thread-safe.
/// </summary>
internal sealed class StoreReader : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly StoreRows _rows;
    private readonly StoreIndex _index;
    private volatile bool _isClosed;

    private StoreReader(string path, SqliteConnection connection)
    {
        (Path, _connection, _rows) = (path, connection, new StoreRows(connection, path));
        connection.Execute("BEGIN"); // of one state: what a writer adds meanwhile may end what the facts promise
        Facts = StoreSchema.ReadFacts(connection, path);
        _index = StoreIndex.Read(connection, path);
        connection.Execute("COMMIT");
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; }

    /// <summary>Where the rewards come from, and what else the file says of itself.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; }

    /// <summary>Which samples there are.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public StoreIndex Index
    {
        get
        {
            RequireOpen();
            return _index;
        }
    }

    private StoreRows Rows
    {
        get
        {
            RequireOpen();
            return _rows;
        }
    }

    /// <summary>Opens a store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vfs">The file system that SQLite uses; null for its own.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no store, or damaged, or lacks its log.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static StoreReader Open(string path, string? vfs = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = InputFile.TargetOf(path);
        StoreOpening.Inspect(path, vfs: vfs);
        SqliteConnection connection = StoreOpening.ToRead(path, vfs);
        try
        {
            return new StoreReader(path, connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw e.Fault(path, "cannot be read", "Look at the disk.");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The prompt and the rewards of a row.</summary>
    /// <exception cref="InvalidDataException">They are not as they were written.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public StoreRow ReadRewards(StoreEntry entry)
    {
        lock (_gate)
            return Rows.ReadRewards(entry);
    }

    /// <summary>All of a row.</summary>
    /// <exception cref="InvalidDataException">It is not as it was written.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public StoreRow Read(StoreEntry entry)
    {
        lock (_gate)
            return Rows.Read(entry);
    }

    /// <summary>Reads all that the file has: SQLite's own check of its pages and index, and each row with its checksums.</summary>
    /// <exception cref="InvalidDataException">Something is not as it was written; the message names it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Check()
    {
        lock (_gate)
        {
            try
            {
                if (_connection.Scalar("PRAGMA integrity_check(1)") as string is not "ok" and var fault)
                    throw new InvalidDataException($"{Path} is damaged: {fault}. Take the file from its source again.");
            }
            catch (SqliteException e)
            {
                throw e.Fault(Path, "cannot be checked", "Look at the disk.");
            }

            for (int number = 0; number < Index.Prompts; number++)
            {
                foreach (StoreEntry entry in Index.RowsOf(number))
                    Rows.Read(entry);
            }
        }
    }

    /// <summary>Refuses a store that is closed.</summary>
    /// <exception cref="ObjectDisposedException">It is.</exception>
    public void RequireOpen() => ObjectDisposedException.ThrowIf(_isClosed, this);

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _rows.Dispose();
            _connection.Dispose();
        }
    }
}
