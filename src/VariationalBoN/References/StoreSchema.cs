using System.Globalization;
using Microsoft.Data.Sqlite;

namespace VariationalBoN.References;

/// <summary>What a store is to SQLite: docs/reference-store.md explains each column. Stateless, thread-safe.</summary>
internal static class StoreSchema
{
    /// <summary>In the header of the file: the letters VBoN.</summary>
    public const long ApplicationId = 0x56_42_6F_4E;

    /// <summary>In the header of the file.</summary>
    public const long Version = 1;

    /// <summary>
    /// The key, in the table of facts, of the log that the file needs beside it: the schema version that the file had when that was said,
    /// since a copy made by VACUUM INTO has another.
    /// </summary>
    public const string LogFact = "log";

    private const string Facts = "CREATE TABLE store(key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";

    private const string Samples = """
        CREATE TABLE samples(
          id INTEGER PRIMARY KEY,
          prompt TEXT NOT NULL,
          conversation INTEGER NOT NULL CHECK(conversation IN (0, 1)),
          first INTEGER NOT NULL CHECK(first >= 0),
          drawn INTEGER NOT NULL CHECK(drawn > 0),
          without_reward INTEGER NOT NULL,
          minimum REAL,
          mean REAL,
          maximum REAL,
          distinct_rewards INTEGER NOT NULL,
          mean_tokens REAL,
          prompt_key BLOB NOT NULL,
          rewards_check BLOB NOT NULL,
          row_check BLOB NOT NULL,
          completions_length INTEGER,
          rewards BLOB NOT NULL CHECK(length(rewards) = 8 * drawn),
          log_reference BLOB,
          completions BLOB) STRICT
        """;

    private const string Index = "CREATE INDEX samples_by_prompt ON samples(prompt_key, first, drawn, without_reward)";

    /// <summary>Makes the tables of an empty file.</summary>
    public static void Create(SqliteConnection connection, IEnumerable<KeyValuePair<string, string>> facts)
    {
        string header = string.Create(
            CultureInfo.InvariantCulture,
            $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}"
        );
        connection.Execute($"PRAGMA page_size = 16384; BEGIN IMMEDIATE; {header}; {Facts}; {Samples}; {Index}");
        foreach ((string key, string value) in facts)
            SetFact(connection, key, value);
        connection.Execute("COMMIT");
    }

    /// <summary>Sets a fact, or takes it away.</summary>
    public static void SetFact(SqliteConnection connection, string key, string? value)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = value is null ? "DELETE FROM store WHERE key = $key" : "INSERT OR REPLACE INTO store VALUES($key, $value)";
        command.Parameters.AddWithValue("$key", key);
        if (value is not null)
            command.Parameters.AddWithValue("$value", value);
        command.ExecuteNonQuery();
    }

    /// <summary>The facts of a store.</summary>
    /// <exception cref="InvalidDataException">One is no text.</exception>
    public static Dictionary<string, string> ReadFacts(SqliteConnection connection, string path)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT key, value FROM store";
        using SqliteDataReader rows = command.ExecuteReader();
        while (rows.Read())
            facts[Text(0)] = Text(1);
        return facts;

        string Text(int column) =>
            rows.GetValue(column) as string
            ?? throw new InvalidDataException(
                $"{path} is damaged: its table store holds what is no text. Take the file from its source again."
            );
    }

    /// <summary>Refuses a file by its header: before anything is written to it.</summary>
    /// <exception cref="InvalidDataException">It is a file of something else, or of a later version.</exception>
    public static void RequireHeader(SqliteConnection connection, string path)
    {
        if (connection.Scalar("PRAGMA application_id") is not ApplicationId)
            throw new InvalidDataException(
                $"{path} is a SQLite file, but no store of reference samples: its application_id is not {ApplicationId}. Give the file of "
                    + "a store, or a path where nothing is to make one."
            );
        if (connection.Scalar("PRAGMA user_version") is var version and not Version)
            throw new InvalidDataException(
                $"{path} is a store of version {version}; this library reads version {Version}. Use the version of the library that made "
                    + "it."
            );
    }

    /// <summary>Refuses tables that this library did not make: whatever they say would be run.</summary>
    /// <exception cref="InvalidDataException">They are other ones, or there are triggers.</exception>
    public static void RequireTables(SqliteConnection connection, string path)
    {
        ReadOnlySpan<(string, string)> made = [("store", Facts), ("samples", Samples), ("samples_by_prompt", Index)];
        foreach ((string name, string sql) in made)
        {
            if (connection.Scalar($"SELECT sql FROM sqlite_schema WHERE name = '{name}'") as string != sql)
                throw new InvalidDataException(
                    $"{path} is damaged, or not made by this library: its table or index {name} is missing or another. Take the file from "
                        + "its source again."
                );
        }

        if (connection.Scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger'") is string trigger)
            throw new InvalidDataException(
                $"{path} has a trigger, \"{trigger}\", which this library does not make and does not run. Drop it, or take the file from "
                    + "its source again."
            );
    }
}
