using System.Globalization;
using Microsoft.Data.Sqlite;
using VariationalBoN.Internal;
using static SQLitePCL.raw;

namespace VariationalBoN.References;

/// <summary>Opens the file of a store, whatever lies beside it and whether or not it can be written. Stateless, thread-safe.</summary>
/// <remarks>
/// The file is never opened but by SQLite: closing any other handle of it would let go of the locks that SQLite has on it in this process.
/// </remarks>
internal static class StoreOpening
{
    private const string CannotBeRead = "cannot be read";

    /// <summary>The write-ahead log of a store.</summary>
    public static string LogOf(string path) => path + "-wal";

    /// <summary>The rollback journal of a store.</summary>
    public static string JournalOf(string path) => path + "-journal";

    /// <summary>Refuses what is no store, and a store that lacks its log. Writes nothing, not even beside it.</summary>
    /// <param name="path">A full path.</param>
    /// <param name="acceptLostLog">Whether what is in the file is enough.</param>
    /// <param name="vfs">The file system that SQLite uses; null for its own.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no store, or samples of it are in a log that is not there.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static void Inspect(string path, bool acceptLostLog = false, string? vfs = null)
    {
        if (Directory.Exists(path))
            throw new InvalidDataException(
                $"{path} is a folder, and a store is one file. A folder of version 0.1 is read by ReferenceStore.Import."
            );
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"{path} does not exist: there is no store of reference samples. Estimate a table into it first.",
                path
            );
        if (new FileInfo(path).Length == 0)
            throw new InvalidDataException(
                $"{path} is empty (0 bytes), so it is not a store: even a store without samples is not empty. Copy the file from its "
                    + "source again; or delete it, and a new store is made."
            );
        try
        {
            using SqliteConnection connection = SqliteCalls.Open(path, SqliteOpenMode.ReadOnly, Parameters("immutable=1", vfs));
            StoreSchema.RequireHeader(connection, path);
            if (!acceptLostLog && !File.Exists(LogOf(path)) && NeedsLog(connection) && !File.Exists(LogOf(path)))
                throw new InvalidDataException(
                    $"{path} was being written when it was copied or left, and its log {LogOf(path)} is not beside it: samples that were "
                        + "in the log are missing. Take a copy that was made by VACUUM INTO or of all files of a store that is closed, "
                        + $"or bring the log; or open the store with {nameof(ReferenceStoreOptions)}.AcceptLostLog, and what is missing "
                        + "is drawn again."
                );
        }
        catch (SqliteException e)
        {
            throw e.Fault(path, CannotBeRead, "Look at the disk and at the permissions of the file.");
        }
    }

    /// <summary>Whether a file is one of SQLite, whatever is in it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static bool IsDatabase(string path)
    {
        path = InputFile.TargetOf(path);
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"{path} does not exist: there are no reference samples. Estimate a table into it first.",
                path
            );
        if (new FileInfo(path).Length == 0)
            return false;
        try
        {
            using SqliteConnection connection = SqliteCalls.Open(path, SqliteOpenMode.ReadOnly, "immutable=1");
            connection.Scalar("PRAGMA schema_version");
            return true;
        }
        catch (SqliteException e)
        {
            return e.SqliteErrorCode != SqliteCalls.NotADatabase;
        }
    }

    /// <summary>Opens a store for reading.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read, or only by writing beside it where that cannot be.</exception>
    public static SqliteConnection ToRead(string path, string? vfs)
    {
        try
        {
            try
            {
                return Open(path, SqliteOpenMode.ReadOnly, Parameters(null, vfs));
            }
            catch (SqliteException e) when (SqliteCalls.IsUnwritable(e))
            {
                return WhereUnwritable(path, vfs);
            }
        }
        catch (SqliteException e)
        {
            throw e.Fault(path, CannotBeRead, "Look at the disk and at the permissions of file and folder.");
        }
    }

    /// <summary>Opens a store for writing; what a killed process left in its log or journal is put in order.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static SqliteConnection ToWrite(string path, string? vfs)
    {
        try
        {
            SqliteConnection connection = Open(path, SqliteOpenMode.ReadWrite, Parameters(null, vfs));
            if (sqlite3_db_readonly(connection.Handle, "main") == 0)
                return connection;
            connection.Dispose();
            throw new IOException(
                $"{path} cannot be written. Make file and folder writable, or write to a store of your own and join the two with "
                    + $"{nameof(ReferenceStore)}.{nameof(ReferenceStore.Merge)}."
            );
        }
        catch (SqliteException e)
        {
            throw e.Fault(
                path,
                "cannot be opened for writing",
                "Look at the disk, at the permissions of file and folder, and at who else " + "has it open."
            );
        }
    }

    /// <summary>Parameters of a URI; null for none.</summary>
    public static string? Parameters(string? parameter, string? vfs) =>
        vfs is null ? parameter : string.Create(CultureInfo.InvariantCulture, $"{parameter}{(parameter is null ? "" : "&")}vfs={vfs}");

    /// <summary>
    /// Where nothing can be written, a file without a log is read as one that does not change;
    /// one with a log or journal needs to be put in order first.
    /// </summary>
    private static SqliteConnection WhereUnwritable(string path, string? vfs)
    {
        string? left = new[] { LogOf(path), JournalOf(path) }.FirstOrDefault(beside =>
            new FileInfo(beside) is { Exists: true, Length: > 0 }
        );
        if (left is null)
            return Open(path, SqliteOpenMode.ReadOnly, Parameters("immutable=1", vfs));
        try
        {
            Open(path, SqliteOpenMode.ReadWrite, Parameters(null, vfs)).Dispose();
            return Open(path, SqliteOpenMode.ReadOnly, Parameters(null, vfs));
        }
        catch (SqliteException e) when (SqliteCalls.IsUnwritable(e))
        {
            throw e.Fault(
                path,
                $"cannot be read, because {left} beside it was left by a writer, and nothing can be written there",
                "Make the folder writable and open the store once, or let its writer end: then one file holds all."
            );
        }
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode, string? parameters)
    {
        SqliteConnection connection = SqliteCalls.Open(path, mode, parameters);
        try
        {
            sqlite3_db_config(connection.Handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _); // StoreLog ends the log, or it stays
            StoreSchema.RequireHeader(connection, path);
            StoreSchema.RequireTables(connection, path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static bool NeedsLog(SqliteConnection connection) =>
        connection.Scalar($"SELECT value FROM store WHERE key = '{StoreSchema.LogFact}'") is string version
        && version == Convert.ToString(connection.Scalar("PRAGMA schema_version"), CultureInfo.InvariantCulture);
}
