using System.Collections.Immutable;
using System.Text;
using Microsoft.Data.Sqlite;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>A folder for store files, and rows to put into them.</summary>
public abstract class StoreFileFixture : IDisposable
{
    private readonly string _root;

    protected StoreFileFixture()
        : this(Path.GetTempPath()) { }

    private protected StoreFileFixture(string parent) =>
        _root = Directory.CreateDirectory(Path.Combine(parent, $"vbon-store-{Guid.NewGuid():N}")).FullName;

    /// <summary>A folder in memory where there is one, for tests that flush thousands of times.</summary>
    protected static string InMemory => Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    internal static KeyValuePair<string, string>[] Facts { get; } = [new("library", "0"), new("reward_model", "judge"), new("seed", "1")];

    protected string Folder => _root;

    protected string Store => Named("store.db");

    protected static string Log(string path) => path + "-wal";

    public virtual void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Named(string name) => Path.Combine(_root, name);

    /// <summary>
    /// Samples first to first + count - 1 of a prompt, the same whenever they are asked for; every third has no reward when asked.
    /// </summary>
    internal static StoreRow Row(Prompt prompt, int first, int count, bool holes = false)
    {
        int[] indices = [.. Enumerable.Range(first, count)];
        return new StoreRow
        {
            Prompt = prompt,
            First = first,
            Rewards = [.. indices.Select(i => holes && i % 3 == 2 ? (double?)null : Math.Sin(i + prompt.Canonical.Length))],
            LogReference = [.. indices.Select(i => i % 7 == 6 ? (double?)null : -0.1 - i)],
            Content = new StoreContent
            {
                Texts = [.. indices.Select(i => i % 5 == 4 ? null : $"\"{i}\" \n é 🙂 {prompt.Canonical}")],
                PromptTokens = [3, prompt.Canonical.Length],
                Tokens = [.. indices.Select(i => i % 5 == 4 ? null : Enumerable.Range(i, i % 5).ToArray())],
                FinishReasons = [.. indices.Select(i => i % 5 == 4 ? (FinishReason?)null : (FinishReason)(i % 2))],
                Components = new() { ["style"] = [.. indices.Select(i => i % 3 == 0 ? (double?)null : i / 7.0)] },
            },
        };
    }

    internal static StoreRow RewardsAlone(Prompt prompt, int first, params double?[] rewards) =>
        new()
        {
            Prompt = prompt,
            First = first,
            Rewards = [.. rewards],
        };

    internal static StoreWriter Write(string path, StoreWriting? how = null, KeyValuePair<string, string>[]? facts = null)
    {
        facts ??= Facts;
        return StoreWriter.Open(path, facts, Differences, how ?? new StoreWriting(FlushToDisk: false));

        IEnumerable<string> Differences(IReadOnlyDictionary<string, string> there) =>
            facts
                .Where(fact => there.GetValueOrDefault(fact.Key) != fact.Value)
                .Select(fact => $"{fact.Key} is {there.GetValueOrDefault(fact.Key)}, here {fact.Value}");
    }

    internal static void Make(string path, params StoreRow[][] batches)
    {
        using StoreWriter writer = Write(path);
        foreach (StoreRow[] batch in batches)
            writer.Append(batch);
    }

    /// <summary>All rows of a store, as text, prompts in order.</summary>
    internal static string[] Contents(string path, string? vfs = null)
    {
        using StoreReader reader = StoreReader.Open(path, vfs);
        return Contents(reader);
    }

    internal static string[] Contents(StoreReader reader) =>
        [
            .. Enumerable
                .Range(0, reader.Index.Prompts)
                .SelectMany(number => reader.Index.RowsOf(number).ToArray())
                .Select(entry => Describe(reader.Read(entry))),
        ];

    internal static string Describe(StoreRow row) =>
        $"{row}|{row.Prompt.IsConversation}|{Bits(row.Rewards)}|{Bits(row.LogReference)}|{Encoding.UTF8.GetString(row.Content.ToJson())}";

    /// <summary>Runs SQL on a file as a tool of somebody else does.</summary>
    internal static object? Sql(string path, string sql)
    {
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString
        );
        connection.Open();
        return connection.Scalar(sql);
    }

    /// <summary>The files of the folder by name, without the lock, with their contents.</summary>
    protected Dictionary<string, byte[]> Files() =>
        Directory
            .GetFiles(_root)
            .Where(file => !file.EndsWith("-writer", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static string Bits(ImmutableArray<double?> numbers) =>
        string.Join(' ', numbers.Select(number => number is double value ? $"{BitConverter.DoubleToInt64Bits(value):x}" : "none"));
}
