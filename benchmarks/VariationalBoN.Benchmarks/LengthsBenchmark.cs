using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// Drawing at geometric lengths (mean 32, at most 256) against equal ones (32), in interleaved rounds: tokens a second and their ratio, for
/// requests of 1 to 16 times the rows. <c>lengths [bfloat16] [small] [fast] [kept] [threads=1] [rounds=3] [rows=64] [prompts=64] [least=1]
/// [samples=16]</c>; a random Llama of 134 million parameters, or with <c>small</c> of 3 million, after prompts of 16 tokens.
/// </summary>
internal static class LengthsBenchmark
{
    private const int PromptLength = 16,
        Mean = 32,
        Longest = 256;

    public static void Run(string[] arguments)
    {
        arguments.Apply(keepMemory: arguments.Contains("kept"));
        set_num_threads(arguments.Number("threads", 1));
        int rounds = arguments.Number("rounds", 3),
            rows = arguments.Number("rows", 64);
        int prompts = arguments.Number("prompts", 64),
            samples = arguments.Number("samples", 16);
        using var model = new Llama(arguments.Contains("small") ? Small : Large, seed: 1);
        model.Freeze();
        if (arguments.Contains("bfloat16"))
            model.to(ScalarType.BFloat16);
        int vocabulary = model.VocabularySize;
        var equal = new CausalLmPolicy(
            model,
            new IdTokenizer(vocabulary),
            new GenerationOptions { MaxNewTokens = Mean, RowsPerBatch = rows }
        );
        CausalLmPolicy geometric = equal.With(
            equal.Options with
            {
                MaxNewTokens = Longest,
                StopTokens = [.. Enumerable.Range(0, vocabulary / Mean)],
            }
        );
        var random = new CounterRandom(new DrawSeed(1), "prompts", 0);
        Prompt[] all =
        [
            .. Enumerable
                .Range(0, prompts)
                .Select(p =>
                    string.Join(' ', Enumerable.Range(p * PromptLength, PromptLength).Select(i => (int)(random.Uniform(i) * vocabulary)))
                ),
        ];
        Console.WriteLine(
            $"{model.parameters().Sum(parameter => parameter.numel()):N0} parameters, {model.ElementType}, {rows} rows, "
                + $"{get_num_threads()} thread(s)"
        );
        equal.Sample(all, 1, seed: 0);
        for (int k = arguments.Number("least", Math.Max(1, rows / prompts)); k <= samples; k *= 4)
        {
            var rates = new List<(Rate Equal, Rate Geometric)>();
            for (int round = 0; round < rounds; round++)
                rates.Add((Rate.Of(equal, all, k, round), Rate.Of(geometric, all, k, round)));
            Console.WriteLine(
                $"{prompts * k} completions ({(double)prompts * k / rows:0.#} times the rows), mean length "
                    + $"{rates.Average(r => r.Geometric.MeanLength):F1}, peak {PeakMemory.Gibibytes():F2} GiB"
            );
            Print(
                "  equal lengths, tokens a second (processor; clock)",
                rates.Select(r => r.Equal.Processor),
                rates.Select(r => r.Equal.Clock)
            );
            Print("  geometric lengths", rates.Select(r => r.Geometric.Processor), rates.Select(r => r.Geometric.Clock));
            Print(
                "  ratio, round by round",
                rates.Select(r => r.Geometric.Processor / r.Equal.Processor),
                rates.Select(r => r.Geometric.Clock / r.Equal.Clock)
            );
        }
    }

    private static LlamaConfig Large =>
        new()
        {
            VocabularySize = 32_000,
            MaxLength = 1024,
            Width = 768,
            Layers = 12,
            Heads = 12,
            KeyValueHeads = 12,
            HeadSize = 64,
            InnerWidth = 2048,
        };

    private static LlamaConfig Small =>
        Large with
        {
            VocabularySize = 1024,
            Width = 192,
            Layers = 6,
            Heads = 6,
            KeyValueHeads = 6,
            HeadSize = 32,
            InnerWidth = 512,
        };

    private static void Print(string what, IEnumerable<double> processor, IEnumerable<double> clock) =>
        Console.WriteLine($"{what, -52}{processor.MedianAndRange("G4"), 30} {clock.MedianAndRange("G4"), 30}");

    /// <summary>Completion tokens a second.</summary>
    private readonly record struct Rate(double Processor, double Clock, double MeanLength)
    {
        internal static Rate Of(CausalLmPolicy policy, Prompt[] prompts, int samples, long seed)
        {
            IReadOnlyList<Completion> drawn = [];
            Stint time = Stint.Of(() => drawn = policy.Sample(prompts, samples, seed));
            int tokens = drawn.Sum(completion => completion.Tokens.Length);
            return new(tokens / time.Processor, tokens / time.Clock, (double)tokens / drawn.Count);
        }
    }
}
