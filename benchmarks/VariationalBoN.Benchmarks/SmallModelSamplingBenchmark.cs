using BenchmarkDotNet.Attributes;
using TorchSharp;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>36,864 completions of at most 32 tokens, 16 or so on average, from one layer of 48 dimensions and 301 tokens:
/// the sampling of the main sample.</summary>
[InProcess]
[IterationCount(3)]
[WarmupCount(1)]
public class SmallModelSamplingBenchmark
{
    private static readonly Prompt[] Prompts =
    [
        .. Enumerable.Range(0, 144).Select(p => string.Join(' ', Enumerable.Range(p, 1 + (p % 4)))),
    ];
    private CausalLmPolicy? _policy;

    /// <summary>Sequences in one pass.</summary>
    [Params(64, 256, 1024)]
    public int RowsPerBatch { get; set; }

    /// <summary>Threads.</summary>
    [Params(1, 2)]
    public int DegreeOfParallelism { get; set; }

    /// <summary>Makes the model.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        torch.set_num_threads(1);
        var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 301,
                MaxLength = 64,
                Width = 48,
                Layers = 1,
                Heads = 4,
                Activation = "relu",
            },
            seed: 1
        );
        model.eval();
        var options = new GenerationOptions
        {
            MaxNewTokens = 32,
            StopTokens = [.. Enumerable.Range(285, 16)],
            RowsPerBatch = RowsPerBatch,
            RowsPerUnit = 4096,
            DegreeOfParallelism = DegreeOfParallelism,
        };
        _policy = new CausalLmPolicy(model, new IdTokenizer(301), options);
    }

    /// <summary>The whole draw; the untrained model stops with probability near 16 / 301 at every token.</summary>
    [Benchmark]
    public int Sample() => _policy!.Sample(Prompts, 256, seed: 1).Sum(completion => completion.Tokens.Length);
}
