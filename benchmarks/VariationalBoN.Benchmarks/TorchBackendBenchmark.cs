using BenchmarkDotNet.Attributes;
using VariationalBoN.BestOfN;
using VariationalBoN.Torch;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>The log-ratio of 16,384 queries against 1,024 prompts x 256 rewards through the batched backend,
/// against its own two binary searches; CPU, one thread.</summary>
[InProcess]
[WarmupCount(3)]
[IterationCount(10)]
public class TorchBackendBenchmark : IDisposable
{
    private const int Prompts = 1024,
        Rewards = 256,
        Queries = 16_384;
    private TorchBoNDistribution? _bestOfN,
        _singleAtom;
    private Tensor? _prompt,
        _reward,
        _logReference,
        _rows,
        _column;

    /// <summary>Draws rewards and queries.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        set_num_threads(1);
        var random = new Random(1);
        EmpiricalRewardCdf[] cdfs =
        [
            .. Enumerable
                .Range(0, Prompts)
                .Select(_ => new EmpiricalRewardCdf(Enumerable.Range(0, Rewards).Select(_ => random.NextDouble()))),
        ];
        _bestOfN = new TorchBoNDistribution(cdfs, 16);
        _singleAtom = new TorchBoNDistribution(cdfs, 16, estimator: RatioEstimator.SingleAtom);
        _prompt = tensor(Enumerable.Range(0, Queries).Select(_ => (long)random.Next(Prompts)).ToArray());
        _reward = tensor(Enumerable.Range(0, Queries).Select(_ => random.NextDouble()).ToArray());
        _logReference = tensor(Enumerable.Range(0, Queries).Select(_ => -60 * random.NextDouble()).ToArray());
        _rows = tensor(cdfs.SelectMany(cdf => cdf.SortedRewards.ToArray()).ToArray(), [Prompts, Rewards])[_prompt];
        _column = _reward.unsqueeze(1);
    }

    /// <summary>The yardstick: both counts, of rows that lie ready.</summary>
    [Benchmark(Baseline = true)]
    public void TwoSearches()
    {
        using var below = searchsorted(_rows!, _column!, out_int32: false, right: false);
        using var atOrBelow = searchsorted(_rows!, _column!, out_int32: false, right: true);
    }

    /// <summary>The default estimator.</summary>
    [Benchmark]
    public void LogRatio()
    {
        using var ratio = _bestOfN!.LogRatio(_prompt!, _reward!, _logReference!);
    }

    /// <summary>The paper's single atom.</summary>
    [Benchmark]
    public void LogRatioSingleAtom()
    {
        using var ratio = _singleAtom!.LogRatio(_prompt!, _reward!, _logReference!);
    }

    /// <summary>Frees the tensors.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _bestOfN?.Dispose();
        _singleAtom?.Dispose();
        foreach (var value in new[] { _prompt, _reward, _logReference, _rows, _column })
            value?.Dispose();
        GC.SuppressFinalize(this);
    }
}
