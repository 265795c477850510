using System.Globalization;
using BenchmarkDotNet.Attributes;
using VariationalBoN.References;

namespace VariationalBoN.Benchmarks;

/// <summary>What a cache on disk costs: appending a batch of 16 prompts with 256 samples of 40 tokens, opening 100,000 prompts with 256 rewards, a lookup.</summary>
/// <remarks>Memory is told by a process of its own: <c>dotnet VariationalBoN.CrashHost.dll fill FOLDER 100000</c>, then <c>open FOLDER</c>.</remarks>
[InProcess]
[WarmupCount(1)]
[IterationCount(5)]
public class ReferenceStoreBenchmark
{
    private const int Prompts = 100_000, Samples = 256, Batch = 16, Tokens = 40;
    private readonly string _root = Directory.CreateTempSubdirectory("vbon-bench-").FullName;
    private int _appended;

    /// <summary>How records stand on disk.</summary>
    [Params(ReferenceCompression.None, ReferenceCompression.Gzip)]
    public ReferenceCompression Compression { get; set; }

    private string Large => Path.Combine(_root, "large");

    /// <summary>Fills the large cache, once, with rewards alone.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var store = ReferenceStore.Open(Large, provenance: null, new ReferenceStoreOptions { Compression = Compression, FlushToDisk = false });
        foreach (int[] batch in Enumerable.Range(0, Prompts).Chunk(500))
            store.Append([.. batch.Select(p => new ReferencePrompt(Name(p), Enumerable.Range(0, Samples).Select(i => Math.Sin((p * 256.0) + i)), []))]);
        store.AsTable().Dispose();
    }

    /// <summary>Removes all files.</summary>
    [GlobalCleanup]
    public void CleanUp() => Directory.Delete(_root, recursive: true);

    /// <summary>Opens a store, appends a batch, flushes it to the disk.</summary>
    [Benchmark]
    public void Append()
    {
        using var store = ReferenceStore.Open(Path.Combine(_root, $"new-{_appended++}"), provenance: null, new ReferenceStoreOptions { Compression = Compression });
        store.Append([.. Enumerable.Range(0, Batch).Select(Whole)]);
    }

    /// <summary>Opens the large cache, side file verified, and looks up one prompt.</summary>
    [Benchmark]
    public double Open()
    {
        using var table = ReferenceTable.Load(Large);
        return table[Name(Prompts / 2)].Cdf.MidRank(0);
    }

    private static string Name(int prompt) => string.Create(CultureInfo.InvariantCulture, $"prompt {prompt}");

    private static ReferencePrompt Whole(int prompt) => new(Name(prompt), Enumerable.Range(0, Samples).Select(i => new ScoredCompletion(
        new Completion { Prompt = Name(prompt), Text = new string('a', 5 * Tokens), PromptTokens = [1, 2, 3], Tokens = [.. Enumerable.Range(prompt + i, Tokens)] },
        Math.Sin((prompt * 256.0) + i),
        -Tokens)));
}
