using System.Globalization;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace VariationalBoN.References;

/// <summary>The write-ahead log of a store that is being written, and its end. Stateless, thread-safe.</summary>
/// <remarks>
/// While the file needs its log it says so itself (<see cref="StoreSchema.LogFact"/>): said once the log is there, taken back before the
/// log
/// goes. So a file that says it and has no log beside it was copied without, or has lost it.
/// </remarks>
internal static class StoreLog
{
    private const string Rollback = "PRAGMA journal_mode = DELETE";

    /// <summary>Begins to write.</summary>
    /// <returns>How batches are kept whole: with a log unless that is not wanted or cannot be.</returns>
    public static ReferenceJournal Begin(SqliteConnection connection, string path, ReferenceJournal wanted)
    {
        bool isShared =
            wanted == ReferenceJournal.Rollback
            || (wanted == ReferenceJournal.Automatic && new DriveInfo(path).DriveType == DriveType.Network);
        if (isShared || connection.Scalar("PRAGMA journal_mode = WAL") as string != "wal")
        {
            StoreSchema.SetFact(connection, StoreSchema.LogFact, null); // of a writer with a log that was killed
            connection.Execute(Rollback);
            return wanted != ReferenceJournal.WriteAheadLog
                ? ReferenceJournal.Rollback
                : throw new IOException(
                    $"{path} cannot have a write-ahead log: its file system offers no memory that processes share. Use "
                        + $"{nameof(ReferenceJournal)}.{nameof(ReferenceJournal.Rollback)}, or {nameof(ReferenceJournal.Automatic)}."
                );
        }

        StoreSchema.SetFact(
            connection,
            StoreSchema.LogFact,
            Convert.ToString(connection.Scalar("PRAGMA schema_version"), CultureInfo.InvariantCulture)
        );
        connection.Execute("PRAGMA wal_checkpoint(PASSIVE)");
        return ReferenceJournal.WriteAheadLog;
    }

    /// <summary>
    /// Puts the log into the file and removes it, as far as readers let it: with one that has the store open, an empty log stays.
    /// </summary>
    /// <exception cref="IOException">The file could not be written.</exception>
    public static void Close(SqliteConnection connection, string path)
    {
        if (connection.Scalar("PRAGMA journal_mode") as string != "wal")
            return;
        try
        {
            StoreSchema.SetFact(connection, StoreSchema.LogFact, null);
        }
        catch (SqliteException e)
        {
            throw NotPut(e, path);
        }

        sqlite3_busy_timeout(connection.Handle, 1000); // for a reader in the middle of a row
        int result = sqlite3_wal_checkpoint_v2(connection.Handle, "main", SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
        if (result is SQLITE_OK)
            result = sqlite3_exec(connection.Handle, Rollback);
        if (result is not (SQLITE_OK or SQLITE_BUSY or SQLITE_LOCKED)) // busy: readers have it open, who read the log
            throw NotPut(
                new SqliteException(
                    sqlite3_errmsg(connection.Handle).utf8_to_string(),
                    result,
                    sqlite3_extended_errcode(connection.Handle)
                ),
                path
            );
    }

    private static Exception NotPut(SqliteException e, string path) =>
        e.Fault(
            path,
            $"could not take what is in its log {StoreOpening.LogOf(path)}",
            "Nothing is lost while the log stays beside it; " + "make room or mend the disk, and open the store again."
        );
}
