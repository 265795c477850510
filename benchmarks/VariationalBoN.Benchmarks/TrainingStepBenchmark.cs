using BenchmarkDotNet.Attributes;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>A training step through the library against its bare forward, backward and optimizer calls: 4 layers, 128 dimensions, 64
/// completions of 8 + 40 tokens, vocabulary 256; one thread.</summary>
[InProcess]
[MemoryDiagnoser]
[IterationCount(15)]
public class TrainingStepBenchmark : IDisposable
{
    private const int PromptLength = 8,
        NewTokens = 40;
    private Gpt2? _model;
    private CausalLmPolicy? _policy;
    private AdamW? _optimizer;
    private IReadOnlyList<Completion> _completions = [];
    private Tensor? _tokens,
        _targets,
        _weights;

    /// <summary>Makes model, completions and the tensors of the bare step.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        set_num_threads(1);
        _model = new Gpt2(
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
        _model.eval();
        _policy = new CausalLmPolicy(_model, new IdTokenizer(256), new GenerationOptions { MaxNewTokens = NewTokens });
        _completions = _policy.Sample(
            [.. Enumerable.Range(0, 8).Select(p => string.Join(' ', Enumerable.Range(p, PromptLength)))],
            8,
            seed: 1
        );
        _optimizer = new AdamW(_model.parameters(), learningRate: 1e-5);
        long[][] rows = [.. _completions.Select(c => c.PromptTokens.Concat(c.Tokens).Select(id => (long)id).ToArray())];
        _tokens = tensor(rows.SelectMany(row => row[..^1]).ToArray(), [rows.Length, PromptLength + NewTokens - 1]);
        _targets = tensor(rows.SelectMany(row => row[PromptLength..]).ToArray());
        _weights = tensor(Enumerable.Range(0, rows.Length).Select(i => (i % 8) - 3.5f).ToArray());
    }

    /// <summary>What the step costs without the library: the logits of every position, cross-entropy of the drawn tokens.</summary>
    [Benchmark(Baseline = true)]
    public void Bare()
    {
        using var scope = NewDisposeScope();
        var logits = _model!.forward(_tokens!).narrow(1, PromptLength - 1, NewTokens).reshape(-1, 256);
        var logProb = nn.functional.cross_entropy(logits, _targets!, reduction: nn.Reduction.None).neg().view(-1, NewTokens).sum(1);
        Step(logProb);
    }

    /// <summary>The training step through <see cref="CausalLmPolicy.LogProb"/>.</summary>
    [Benchmark]
    public void Library()
    {
        using var scope = NewDisposeScope();
        Step(_policy!.LogProb(_completions));
    }

    /// <summary>Frees model, optimizer and tensors.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        foreach (IDisposable? owned in new IDisposable?[] { _optimizer, _model, _tokens, _targets, _weights })
            owned?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Step(Tensor logProb)
    {
        var loss = (logProb * _weights!).mean();
        _model!.zero_grad();
        loss.backward();
        _optimizer!.Step();
    }
}
