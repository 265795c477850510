using Microsoft.Data.Sqlite;

namespace VariationalBoN.References;

/// <summary>Short forms of calls to SQLite, and what its errors are in this library. Stateless, thread-safe.</summary>
internal static class SqliteCalls
{
    /// <summary>The code of a file that is none of SQLite.</summary>
    public const int NotADatabase = 26;

    private const int ReadOnlyFile = 8,
        IoError = 10,
        Corrupt = 11,
        CannotOpen = 14,
        Format = 24;
    private static readonly int[] s_damage = [1, Corrupt, 18, 20, Format, NotADatabase]; // error in the schema, too big, mismatch

    /// <summary>Opens a file; what its schema says is not trusted, and pages are checked as they are read.</summary>
    /// <param name="path">A full path.</param>
    /// <param name="mode">Never <see cref="SqliteOpenMode.Memory"/>.</param>
    /// <param name="parameters">Parameters of a URI, such as <c>immutable=1</c>; null for none.</param>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    public static SqliteConnection Open(string path, SqliteOpenMode mode, string? parameters = null)
    {
        string source = parameters is null ? path : $"{UriOf(path)}?{parameters}";
        var builder = new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = mode,
            Pooling = false,
        };
        var connection = new SqliteConnection(builder.ConnectionString);
        try
        {
            connection.Open();
            connection.Execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements.</summary>
    public static void Execute(this SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row; null where there is none.</summary>
    public static object? Scalar(this SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>Whether a file could not be opened or read because nothing can be written to it or beside it.</summary>
    public static bool IsUnwritable(SqliteException e) =>
        e.SqliteErrorCode is ReadOnlyFile or CannotOpen
        || (e.SqliteErrorCode == IoError && e.SqliteExtendedErrorCode >> 8 is >= 18 and <= 21); // of shared memory

    /// <summary>
    /// An error as callers of this library know it: <see cref="InvalidDataException"/> where the file is at fault,
    /// <see cref="IOException"/> where something around it is.
    /// </summary>
    /// <param name="e">What SQLite said.</param>
    /// <param name="path">The file.</param>
    /// <param name="what">What was tried, such as "cannot be read".</param>
    /// <param name="remedy">What helps where the disk, a lock or a permission is the matter.</param>
    public static Exception Fault(this SqliteException e, string path, string what, string remedy)
    {
        string code = $"{e.Message.TrimEnd('.')} (extended code {e.SqliteExtendedErrorCode})";
        return s_damage.Contains(e.SqliteErrorCode)
            ? new InvalidDataException(
                $"{path} {what}: {code}. The file is damaged, or no store of this library. Take it from its source "
                    + "again; what can be saved of it, the command .recover of the sqlite3 program shows.",
                e
            )
            : new IOException($"{path} {what}: {code}. {remedy}", e);
    }

    private static string UriOf(string path)
    {
        string escaped = path.Replace("%", "%25", StringComparison.Ordinal)
            .Replace("?", "%3f", StringComparison.Ordinal)
            .Replace("#", "%23", StringComparison.Ordinal);
        return OperatingSystem.IsWindows() ? $"file:///{escaped.Replace('\\', '/')}" : $"file:{escaped}";
    }
}
