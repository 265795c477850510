using Microsoft.Data.Sqlite;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>Makes the file of a new store: whole or not at all. Stateless, thread-safe.</summary>
internal static class StoreCreation
{
    /// <summary>Makes the file.</summary>
    /// <param name="path">A full path where nothing is; its writer's lock is held.</param>
    /// <param name="facts">What it says of itself.</param>
    /// <param name="vfs">The file system that SQLite uses; null for its own.</param>
    /// <exception cref="IOException">It cannot be made, or a log of an earlier store lies where its own would be.</exception>
    public static void Create(string path, IEnumerable<KeyValuePair<string, string>> facts, string? vfs)
    {
        foreach (string left in (ReadOnlySpan<string>)[StoreOpening.LogOf(path), StoreOpening.JournalOf(path)])
        {
            if (File.Exists(left))
                throw new IOException(
                    $"{left} belongs to the store {path}, which does not exist any more. Bring the store back, or delete {left}."
                );
        }

        string made = path + ".new";
        File.Delete(made); // of a process that was killed while it made one
        try
        {
            using SqliteConnection connection = SqliteCalls.Open(made, SqliteOpenMode.ReadWriteCreate, StoreOpening.Parameters(null, vfs));
            connection.Execute("PRAGMA journal_mode = OFF");
            StoreSchema.Create(connection, facts);
        }
        catch (SqliteException e)
        {
            File.Delete(made);
            throw e.Fault(made, "could not be made", "Make room, or look at the disk and at the permissions of the folder.");
        }

        File.Move(made, path);
        Disk.FlushFolder(Path.GetDirectoryName(path)!);
    }
}
