using BenchmarkDotNet.Attributes;
using VariationalBoN.Numerics;

namespace VariationalBoN.Benchmarks;

/// <summary>The log-ratio of 4,096 completions at small and huge N against as many plain logarithms.</summary>
[InProcess]
[WarmupCount(3)]
[IterationCount(10)]
[MemoryDiagnoser]
public class LogRatioBenchmark
{
    private const int Count = 4096;
    private readonly double[] _logReference = new double[Count],
        _logCdf = new double[Count],
        _below = new double[Count],
        _destination = new double[Count];

    /// <summary>Completions of language-model size, log p from -60 to -1, F uniform;
    /// reward levels of up to a tenth of F for the form with ties.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(1);
        for (int i = 0; i < Count; i++)
        {
            _logReference[i] = -1 - (59 * random.NextDouble());
            double f = Math.Min(0.999_999 - Math.Exp(_logReference[i]), random.NextDouble());
            _logCdf[i] = Math.Log(Math.Max(1e-9, f));
            _below[i] = _logCdf[i] + Math.Log(1 - (0.1 * random.NextDouble()));
        }
    }

    /// <summary>The yardstick: one logarithm each.</summary>
    [Benchmark(Baseline = true)]
    public double MathLog()
    {
        for (int i = 0; i < Count; i++)
            _destination[i] = Math.Log(-_logReference[i]);
        return _destination[^1];
    }

    /// <summary>(F + p)^N - F^N over p.</summary>
    /// <param name="n">N.</param>
    [Benchmark]
    [Arguments(2.0)]
    [Arguments(16.0)]
    [Arguments(1e6)]
    public void LogRatio(double n)
    {
        for (int i = 0; i < Count; i++)
            _destination[i] = BestOfNMath.LogRatio(_logReference[i], _logCdf[i], n);
    }

    /// <summary>The form for completions that share a reward: what the default estimator uses.</summary>
    /// <param name="n">N.</param>
    [Benchmark]
    [Arguments(2.0)]
    [Arguments(16.0)]
    [Arguments(1e6)]
    public void LogRatioWithTies(double n)
    {
        for (int i = 0; i < Count; i++)
            _destination[i] = BestOfNMath.LogRatioWithTies(_below[i], _logCdf[i], n);
    }
}
