using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace VariationalBoN.References;

/// <summary>Which samples a store has, as its index says it: no text and no reward. Immutable, thread-safe.</summary>
internal sealed class StoreIndex
{
    private readonly StoreEntry[] _entries; // prompt by prompt, samples in order
    private readonly int[] _starts; // of each prompt among the entries, and the end
    private readonly Dictionary<UInt128, int> _numbers;

    private StoreIndex(StoreEntry[] entries, int[] starts, Dictionary<UInt128, int> numbers) =>
        (_entries, _starts, _numbers) = (entries, starts, numbers);

    /// <summary>How many prompts have samples, in the order of the row that named each first.</summary>
    public int Prompts => _starts.Length - 1;

    /// <summary>How many rows there are.</summary>
    public int Rows => _entries.Length;

    /// <summary>Reads the index of a store.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <exception cref="InvalidDataException">Two rows hold one sample, or a row has impossible numbers.</exception>
    /// <exception cref="SqliteException">It cannot be read.</exception>
    public static StoreIndex Read(SqliteConnection connection, string path)
    {
        int count = (int)Math.Min(Array.MaxLength, (long)connection.Scalar("SELECT count(*) FROM samples")!);
        var entries = new List<StoreEntry>(count);
        var groups = new List<(UInt128 Key, int Start, int Count, long Id)>(count);
        foreach (StoreEntry entry in Entries(connection, path))
        {
            UInt128 key = entry.Key;
            if (groups.Count == 0 || groups[^1].Key != key)
                groups.Add((key, entries.Count, 0, long.MaxValue));
            (_, int start, int rowsOf, long lowest) = groups[^1];
            entries.Add(entry);
            groups[^1] = (key, start, rowsOf + 1, Math.Min(lowest, entry.Id));
        }

        groups.Sort((one, other) => one.Id.CompareTo(other.Id));
        int[] starts = new int[groups.Count + 1];
        var ordered = new StoreEntry[entries.Count];
        var numbers = new Dictionary<UInt128, int>(groups.Count);
        for (int number = 0; number < groups.Count; number++)
        {
            entries.CopyTo(groups[number].Start, ordered, starts[number], groups[number].Count);
            starts[number + 1] = starts[number] + groups[number].Count;
            if (!numbers.TryAdd(groups[number].Key, number))
                throw new InvalidDataException(
                    $"{path} is damaged: its index is not in order. Take the file from its source again, or rebuild the index with "
                        + "REINDEX."
                );
        }

        return new StoreIndex(ordered, starts, numbers);
    }

    /// <summary>The ranges of samples of each prompt of a store, by <see cref="KeyOf"/>.</summary>
    /// <exception cref="InvalidDataException">Two rows hold one sample, or a row has impossible numbers.</exception>
    /// <exception cref="SqliteException">It cannot be read.</exception>
    public static Dictionary<UInt128, SampleRanges> ReadRanges(SqliteConnection connection, string path)
    {
        var ranges = new Dictionary<UInt128, SampleRanges>();
        foreach (StoreEntry entry in Entries(connection, path))
        {
            if (!ranges.TryGetValue(entry.Key, out SampleRanges? held))
                ranges[entry.Key] = held = new SampleRanges();
            held.TryAdd(entry.First, entry.Drawn);
        }

        return ranges;
    }

    /// <summary>The number of a prompt; -1 when it has no samples here.</summary>
    public int Find(Prompt prompt) => _numbers.GetValueOrDefault(KeyOf(prompt), -1);

    /// <summary>The rows of a prompt in the order of their samples.</summary>
    public ReadOnlySpan<StoreEntry> RowsOf(int number) => _entries.AsSpan(_starts[number].._starts[number + 1]);

    /// <summary>The key of a prompt as a number.</summary>
    public static UInt128 KeyOf(Prompt prompt) =>
        BinaryPrimitives.ReadUInt128BigEndian(StoreCheck.Key(prompt.Canonical, prompt.IsConversation));

    /// <summary>The rows in the order of the index: prompt by prompt, samples in order, none twice.</summary>
    private static IEnumerable<StoreEntry> Entries(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT prompt_key, first, drawn, without_reward, id FROM samples INDEXED BY samples_by_prompt ORDER BY prompt_key, first";
        using SqliteDataReader rows = command.ExecuteReader();
        StoreEntry? before = null;
        while (rows.Read())
        {
            long id = Number(4),
                first = Number(1),
                drawn = Number(2),
                without = Number(3);
            if (
                rows.GetValue(0) is not byte[] { Length: StoreCheck.Length } bytes
                || first < 0
                || drawn < 1
                || first > int.MaxValue - drawn
                || without < 0
                || without > drawn
            )
                throw StoreRows.Damage(path, id, prompt: null, "the index has numbers for it that this library does not write.");
            UInt128 key = BinaryPrimitives.ReadUInt128BigEndian(bytes);
            if (before is StoreEntry last && last.Key == key && first < last.First + (long)last.Drawn)
            {
                string both = $"it holds samples {first} to {first + drawn - 1}, and row {last.Id} holds some of these too.";
                throw StoreRows.Damage(path, id, prompt: null, both);
            }

            before = new StoreEntry(key, id, (int)first, (int)drawn, (int)without);
            yield return before.Value;
        }

        long Number(int column) => rows.IsDBNull(column) ? -1 : rows.GetInt64(column); // -1 is none of them
    }
}
