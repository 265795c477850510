using System.Globalization;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What <see cref="TorchRuntime.UseFastKernelsOnAmd"/> (<c>fast</c>) and <see cref="TorchRuntime.KeepFreedMemory"/> (<c>kept</c>) do for
/// matrix products, and for drawing and scoring with a random Llama of 134 million parameters in float32, 64 rows of 16 + 32 tokens:
/// <c>runtime [fast] [kept] [bfloat16] [threads=1] [rounds=3]</c>. Both settings belong to the process, so each pair is a run of its own.
/// </summary>
internal static class RuntimeSpeed
{
    private const int Vocabulary = 32_000,
        Rows = 64,
        PromptLength = 16,
        NewTokens = 32;
    private static readonly (int Rows, int Inner, int Columns)[] s_products = [(2048, 2048, 2048), (64, 768, 3072), (64, 48, 192)];

    public static void Run(string[] arguments)
    {
        arguments.Apply(keepMemory: arguments.Contains("kept"));
        set_num_threads(arguments.Number("threads", 1));
        int rounds = arguments.Number("rounds", 3);
        foreach ((int rows, int inner, int columns) in s_products)
            Print(
                $"product {rows} x {inner} x {columns}, GFLOP a second",
                [.. Enumerable.Range(0, rounds).Select(_ => Product(rows, inner, columns))]
            );
        using var model = new Llama(
            new LlamaConfig
            {
                VocabularySize = Vocabulary,
                MaxLength = 1024,
                Width = 768,
                Layers = 12,
                Heads = 12,
                KeyValueHeads = 12,
                HeadSize = 64,
                InnerWidth = 2048,
            },
            seed: 1
        );
        model.Freeze();
        if (arguments.Contains("bfloat16"))
            model.to(ScalarType.BFloat16);
        var policy = new CausalLmPolicy(
            model,
            new IdTokenizer(Vocabulary),
            new GenerationOptions { MaxNewTokens = NewTokens, RowsPerBatch = Rows }
        );
        var random = new CounterRandom(new DrawSeed(1), "prompts", 0);
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, Rows)
                .Select(p =>
                    string.Join(' ', Enumerable.Range(p * PromptLength, PromptLength).Select(i => (int)(random.Uniform(i) * Vocabulary)))
                ),
        ];
        Console.WriteLine(
            $"model of {model.parameters().Sum(parameter => parameter.numel()):N0} parameters: peak {PeakMemory.Gibibytes():F2} GiB"
        );
        IReadOnlyList<Completion> drawn = [];
        Print(
            "drawing, tokens a second",
            Enumerable.Range(0, rounds).Select(round => Rate(() => drawn = policy.Sample(prompts, 1, seed: round)))
        );
        Console.WriteLine($"peak {PeakMemory.Gibibytes():F2} GiB");
        Print("scoring, tokens a second", Enumerable.Range(0, rounds).Select(_ => Rate(() => policy.LogProbValues(drawn))));
        Console.WriteLine($"peak {PeakMemory.Gibibytes():F2} GiB");
    }

    private static Stint Rate(Action work)
    {
        Stint time = Stint.Of(work);
        return new Stint(Rows * NewTokens / time.Processor, Rows * NewTokens / time.Clock);
    }

    private static Stint Product(int rows, int inner, int columns)
    {
        using Tensor a = ones(rows, inner),
            b = ones(inner, columns);
        double gigaflop = 2e-9 * rows * inner * columns;
        int times = (int)(50 / gigaflop);
        Stint time = Stint.Of(() =>
        {
            for (int i = 0; i < times; i++)
                a.mm(b).Dispose();
        });
        return new Stint(gigaflop * times / time.Processor, gigaflop * times / time.Clock);
    }

    /// <summary>The first, which meets fresh memory, and the best of the others: by processor time, by the clock.</summary>
    private static void Print(string what, IEnumerable<Stint> stints)
    {
        Stint[] all = [.. stints];
        Stint[] later = all.Length > 1 ? all[1..] : all;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: first {all[0].Processor:F1}, {all[0].Clock:F1}; best {later.Max(stint => stint.Processor):F1}, "
                    + $"{later.Max(stint => stint.Clock):F1} (processor, clock)"
            )
        );
    }
}
