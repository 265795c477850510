using BenchmarkDotNet.Attributes;
using VariationalBoN.Evaluation;
using VariationalBoN.References;

namespace VariationalBoN.Benchmarks;

/// <summary>A report over 10,000 prompts of 256 rewards, against reading the file they stand in.</summary>
[InProcess]
[WarmupCount(1)]
[IterationCount(3)]
#pragma warning disable CA1001 // a table in memory holds nothing to dispose of
public class ReferenceReportBenchmark
#pragma warning restore CA1001
{
    private const int Prompts = 10_000,
        Samples = 256;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
    private ReferenceTable? _table;

    /// <summary>Whether each sample has its text of some 60 characters, or the file holds rewards alone.</summary>
    [Params(false, true)]
    public bool Texts { get; set; }

    /// <summary>Normal rewards, saved.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _table = new ReferenceTable(
            Enumerable
                .Range(0, Prompts)
                .Select(p =>
                {
                    var random = new CounterRandom(1, "rewards", p);
                    return new ReferencePrompt(
                        $"prompt {p}",
                        Enumerable.Range(0, Samples).Select(i => random.Normal(i)),
                        Texts ? Enumerable.Range(0, Samples).Select(i => $"{new string('a', 30 + (i % 60))} {i}") : []
                    );
                })
        );
        _table.Save(_path);
        Console.WriteLine($"// {new FileInfo(_path).Length / 1e6:0} MB");
    }

    /// <summary>Removes the file.</summary>
    [GlobalCleanup]
    public void CleanUp() => File.Delete(_path);

    /// <summary>The yardstick: reading the file.</summary>
    [Benchmark(Baseline = true)]
    public ReferenceTable Read() => ReferenceTable.Load(_path);

    /// <summary>The report with 1,000 resamples.</summary>
    [Benchmark]
    public ReferenceReport Report() => ReferenceReport.FromTable(_table!);

    /// <summary>Its largest part: every n from 1 to 256 with intervals.</summary>
    [Benchmark]
    public BestOfNCurve Curve() => BestOfNCurve.FromTable(_table!);
}
