using BenchmarkDotNet.Attributes;
using TorchSharp;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>Tokens a second through the key-value cache against recomputing:
/// 4 layers, 128 dimensions, 64 rows, 8 + 40 tokens, vocabulary 256; one thread.</summary>
[InProcess]
[MemoryDiagnoser]
[IterationCount(10)]
public class GenerationBenchmark
{
    private const int NewTokens = 40;
    private static readonly Prompt[] Prompts = [.. Enumerable.Range(0, 64).Select(p => string.Join(' ', Enumerable.Range(p, 8)))];
    private CausalLmPolicy? _cached,
        _recomputing;
    private long _seed;

    /// <summary>Makes the model.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        torch.set_num_threads(1);
        var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 256,
                MaxLength = 64,
                Width = 128,
                Layers = 4,
                Heads = 4,
                Activation = "relu",
            },
            seed: 1
        );
        model.eval();
        var options = new GenerationOptions { MaxNewTokens = NewTokens };
        _cached = new CausalLmPolicy(model, new IdTokenizer(256), options);
        _recomputing = new CausalLmPolicy(model, new IdTokenizer(256), options with { UseCache = false });
    }

    /// <summary>The whole sequences at every step.</summary>
    [Benchmark(Baseline = true)]
    public int Recomputing() => _recomputing!.Sample(Prompts, 1, _seed++).Count;

    /// <summary>One token a row and step.</summary>
    [Benchmark]
    public int Cached() => _cached!.Sample(Prompts, 1, _seed++).Count;
}
