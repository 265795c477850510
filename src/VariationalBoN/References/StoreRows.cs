using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Microsoft.Data.Sqlite;

namespace VariationalBoN.References;

/// <summary>Reads and writes rows of one connection; what is read is checked. Not thread-safe.</summary>
internal sealed class StoreRows(SqliteConnection connection, string path) : IDisposable
{
    private const string Plain =
        "id, CAST(prompt AS BLOB), conversation, first, drawn, without_reward, minimum, mean, maximum, "
        + "distinct_rewards, mean_tokens, rewards_check, rewards";
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly SqliteCommand _rewards = Command(connection, $"SELECT {Plain} FROM samples WHERE id = $id", "$id");
    private readonly SqliteCommand _whole = Command(
        connection,
        $"SELECT {Plain}, row_check, log_reference, completions_length, completions FROM samples WHERE id = $id",
        "$id"
    );
    private readonly SqliteCommand _insert = Command(
        connection,
        """
        INSERT INTO samples(prompt, conversation, first, drawn, without_reward, minimum, mean, maximum, distinct_rewards, mean_tokens,
          prompt_key, rewards_check, row_check, completions_length, rewards, log_reference, completions)
        VALUES($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """,
        [.. Enumerable.Range(0, 17).Select(i => $"${i}")]
    );

    /// <summary>The error of a row that is not as it was written.</summary>
    public static InvalidDataException Damage(string path, long id, string? prompt, string why, Exception? inner = null) =>
        new(
            $"{path}, row {id} of the table samples{(prompt is null ? "" : $" ({prompt})")}: {why} Take the file from its source again; or "
                + $"delete the row (DELETE FROM samples WHERE id = {id}) and resume: its samples are drawn again.",
            inner
        );

    /// <summary>The prompt and the rewards of a row, without what else it has.</summary>
    /// <exception cref="InvalidDataException">They are not as they were written.</exception>
    public StoreRow ReadRewards(StoreEntry entry) => Read(_rewards, entry, isWhole: false);

    /// <summary>All of a row.</summary>
    /// <exception cref="InvalidDataException">It is not as it was written.</exception>
    public StoreRow Read(StoreEntry entry) => Read(_whole, entry, isWhole: true);

    /// <summary>Adds a row.</summary>
    /// <exception cref="SqliteException">It cannot be written.</exception>
    public void Insert(StoreRow row)
    {
        StoreSummary summary = StoreSummary.Of(row.Rewards, row.Content);
        byte[] key = StoreCheck.Key(row.Prompt.Canonical, row.Prompt.IsConversation),
            rewards = StoreNumbers.Write(row.Rewards.AsSpan());
        byte[]? logReference = row.LogReference.IsEmpty ? null : StoreNumbers.Write(row.LogReference.AsSpan());
        byte[]? json = row.Content.IsEmpty ? null : row.Content.ToJson(),
            completions = json is null ? null : StorePacking.Pack(json);
        if (json?.Length > StorePacking.MaxLength)
            throw new ArgumentException(
                $"{row} take {json.Length} bytes, and a row keeps at most {StorePacking.MaxLength}. Draw fewer samples of a prompt at a "
                    + "time."
            );
        byte[] rewardsCheck = StoreCheck.OfRewards(key, row.First, row.Drawn, summary, rewards);
        object?[] values =
        [
            row.Prompt.Canonical,
            row.Prompt.IsConversation ? 1 : 0,
            row.First,
            row.Drawn,
            summary.WithoutReward,
            summary.Minimum,
            summary.Mean,
            summary.Maximum,
            summary.Distinct,
            summary.MeanTokens,
            key,
            rewardsCheck,
            StoreCheck.OfRow(rewardsCheck, logReference, json?.Length, completions),
            json?.Length,
            rewards,
            logReference,
            completions,
        ];
        for (int i = 0; i < values.Length; i++)
            _insert.Parameters[i].Value = values[i] ?? DBNull.Value;
        _insert.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _rewards.Dispose();
        _whole.Dispose();
        _insert.Dispose();
    }

    private StoreRow Read(SqliteCommand command, StoreEntry entry, bool isWhole)
    {
        string? prompt = null;
        try
        {
            command.Parameters[0].Value = entry.Id;
            using SqliteDataReader row = command.ExecuteReader();
            if (!row.Read())
                throw new FormatException("the index refers to this row, but the row is missing.");
            string canonical = s_utf8.GetString(Blob(row, 1) ?? []);
            prompt = $"samples {entry.First} to {entry.First + (long)entry.Drawn - 1} of the prompt {Internal.Shown.Quoted(canonical)}";
            return Checked(row, canonical, entry, isWhole);
        }
        catch (Exception e)
            when (e is FormatException or ArgumentException or InvalidOperationException or InvalidCastException or OverflowException)
        {
            throw Damage(path, entry.Id, prompt, e.Message.EndsWith('.') ? e.Message : $"{e.Message}.", e);
        }
        catch (SqliteException e)
        {
            string place = $"row {entry.Id} of the table samples{(prompt is null ? "" : $" ({prompt})")}";
            throw e.Fault(path, $"cannot be read at {place}", "Look at the disk.");
        }
    }

    private static StoreRow Checked(SqliteDataReader row, string canonical, StoreEntry entry, bool isWhole)
    {
        bool isConversation = row.GetInt64(2) == 1;
        (int first, int drawn) = (checked((int)row.GetInt64(3)), checked((int)row.GetInt64(4)));
        var summary = new StoreSummary(
            checked((int)row.GetInt64(5)),
            Real(row, 6),
            Real(row, 7),
            Real(row, 8),
            checked((int)row.GetInt64(9)),
            Real(row, 10)
        );
        byte[] bytes = Blob(row, 12) ?? [];
        byte[] key = StoreCheck.Key(canonical, isConversation),
            check = StoreCheck.OfRewards(key, first, drawn, summary, bytes);
        if (!check.AsSpan().SequenceEqual(Blob(row, 11)))
            throw new FormatException("it is not as it was written: its rewards_check does not agree.");
        ImmutableArray<double?> rewards = StoreNumbers.Read(bytes, drawn, "rewards");
        if (
            (first, drawn, summary.WithoutReward) != (entry.First, entry.Drawn, entry.WithoutReward)
            || BinaryPrimitives.ReadUInt128BigEndian(key) != entry.Key
            || rewards.Count(reward => reward is null) != entry.WithoutReward
        )
            throw new FormatException("its prompt or its samples are not those that the index has for this row.");
        Prompt prompt = isConversation ? Prompt.Conversation(canonical) : new Prompt(canonical);
        var read = new StoreRow
        {
            Prompt = prompt,
            First = first,
            Rewards = rewards,
        };
        if (read.Prompt.Canonical != canonical)
            throw new FormatException("its conversation is not in the form that this library writes.");
        return isWhole ? Whole(row, read, check) : read;
    }

    private static StoreRow Whole(SqliteDataReader row, StoreRow read, byte[] rewardsCheck)
    {
        byte[]? logReference = Blob(row, 14),
            completions = Blob(row, 16);
        long? length = row.IsDBNull(15) ? null : row.GetInt64(15);
        if (!StoreCheck.OfRow(rewardsCheck, logReference, length, completions).AsSpan().SequenceEqual(Blob(row, 13)))
            throw new FormatException("it is not as it was written: its row_check does not agree.");
        if (completions is null != length is null)
            throw new FormatException("it has completions without their length, or a length without completions.");
        ImmutableArray<double?> values = logReference is null ? [] : StoreNumbers.Read(logReference, read.Drawn, "log_reference");
        if (values.FirstOrDefault(value => value is double number && !ScoredSample.CanBeLogReference(number)) is double above)
            throw new FormatException($"an entry of its log_reference is {above:R}; a log-probability is at most 0.");
        return read with
        {
            LogReference = values,
            Content = completions is null
                ? StoreContent.None
                : StoreContent.Parse(StorePacking.Unpack(completions, length!.Value), read.Drawn),
        };
    }

    private static byte[]? Blob(SqliteDataReader row, int column) =>
        row.IsDBNull(column)
            ? null
            : row.GetValue(column) as byte[] ?? throw new FormatException($"its column {row.GetName(column)} is no blob.");

    private static double? Real(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDouble(column);

    private static SqliteCommand Command(SqliteConnection connection, string sql, params string[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }
}
