using System.Globalization;
using BenchmarkDotNet.Attributes;
using VariationalBoN.References;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What a store costs: appending a batch of 16 prompts with 256 samples of 40 tokens,
/// opening 100,000 prompts with 256 rewards, a lookup, all rewards, a check.
/// </summary>
/// <remarks>
/// Memory is told by a process of its own: <c>dotnet VariationalBoN.CrashHost.dll fill FILE 100000</c>,
/// then <c>open FILE</c> and <c>open-store FILE</c>.
/// </remarks>
[InProcess]
[WarmupCount(1)]
[IterationCount(5)]
public class ReferenceStoreBenchmark
{
    private const int Prompts = 100_000,
        Samples = 256,
        Batch = 16,
        Tokens = 40;
    private readonly string _root = Directory.CreateTempSubdirectory("vbon-bench-").FullName;
    private ReferenceTable? _table;
    private int _appended,
        _next;

    private string Large => Path.Combine(_root, "large.db");

    /// <summary>Fills the large store, once, with rewards alone.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using (var store = ReferenceStore.Open(Large, provenance: null, new ReferenceStoreOptions { FlushToDisk = false }))
        {
            foreach (int[] batch in Enumerable.Range(0, Prompts).Chunk(500))
                store.Append([.. batch.Select(p => new ReferencePrompt(Name(p), Rewards(p), []))]);
        }

        _table = ReferenceTable.Load(Large);
    }

    /// <summary>Removes all files.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _table?.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>Makes a store, appends a batch that is flushed to the disk, closes it.</summary>
    [Benchmark]
    public void MakeAppendClose()
    {
        using var store = ReferenceStore.Open(Path.Combine(_root, $"new-{_appended++}.db"), provenance: null);
        store.Append([.. Enumerable.Range(0, Batch).Select(Whole)]);
    }

    /// <summary>Opens the large store for reading.</summary>
    [Benchmark]
    public int Open()
    {
        using var table = ReferenceTable.Load(Large);
        return table.Prompts.Length;
    }

    /// <summary>Opens the large store for writing, and closes it.</summary>
    [Benchmark]
    public int OpenToWrite()
    {
        using var store = ReferenceStore.Open(Large, provenance: null);
        return store.Prompts;
    }

    /// <summary>The distribution of the rewards of one prompt by its text, another each time.</summary>
    [Benchmark]
    public double Lookup() => _table![Name((int)(_next++ * 7919L % Prompts))].Cdf.MidRank(0);

    /// <summary>Reads and checks all rewards of the large store.</summary>
    [Benchmark]
    public double AllRewards() => _table!.Prompts.Sum(prompt => prompt.Rewards[0]);

    /// <summary>Checks the large store, pages and rows.</summary>
    [Benchmark]
    public void Check() => ReferenceStore.Check(Large);

    private static IEnumerable<double> Rewards(int prompt) => Enumerable.Range(0, Samples).Select(i => Math.Sin((prompt * 256.0) + i));

    private static Prompt Name(int prompt) =>
        string.Create(CultureInfo.InvariantCulture, $"prompt {prompt} of a length that prompts have, some sixty characters");

    private static ReferencePrompt Whole(int prompt) =>
        new(
            Name(prompt),
            Enumerable
                .Range(0, Samples)
                .Select(i => new ScoredCompletion(
                    new Completion
                    {
                        Prompt = Name(prompt),
                        Text = new string('a', 5 * Tokens),
                        PromptTokens = [1, 2, 3],
                        Tokens = [.. Enumerable.Range(prompt + i, Tokens)],
                    },
                    Math.Sin((prompt * 256.0) + i),
                    -Tokens
                ))
        );
}
