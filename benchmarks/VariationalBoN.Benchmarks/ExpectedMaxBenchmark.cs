using BenchmarkDotNet.Attributes;
using VariationalBoN.Numerics;

namespace VariationalBoN.Benchmarks;

/// <summary>The expected best of n for every n, against sorting the rewards that it starts from.</summary>
[InProcess]
[WarmupCount(3)]
[IterationCount(10)]
[MemoryDiagnoser]
public class ExpectedMaxBenchmark
{
    private double[] _rewards = [],
        _sorted = [],
        _copy = [];

    /// <summary>M, the rewards of a prompt.</summary>
    [Params(64, 256, 1024)]
    public int Samples { get; set; }

    /// <summary>Normal rewards in the order drawn, and sorted.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        var random = new CounterRandom(1, "rewards", 0);
        _rewards = [.. Enumerable.Range(0, Samples).Select(i => random.Normal(i))];
        _sorted = [.. _rewards.Order()];
        _copy = new double[Samples];
    }

    /// <summary>The yardstick: sorting.</summary>
    [Benchmark(Baseline = true)]
    public double Sort()
    {
        _rewards.CopyTo(_copy, 0);
        Array.Sort(_copy);
        return _copy[^1];
    }

    /// <summary>One n.</summary>
    [Benchmark]
    public double OneN() => ExpectedMax.Of(_sorted, 8);

    /// <summary>Every n from 1 to 32.</summary>
    [Benchmark]
    public double[] CurveTo32() => ExpectedMax.Curve(_sorted, 32);

    /// <summary>Every n from 1 to M.</summary>
    [Benchmark]
    public double[] WholeCurve() => ExpectedMax.Curve(_sorted);
}
