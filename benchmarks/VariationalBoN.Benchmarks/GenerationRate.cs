using System.Globalization;
using TorchSharp;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// Generation and scoring at the size of GPT-2 small against what the machine's matrix product does, in turns within one run: <c>generation
/// [threads] [rounds]</c>. Every ratio is that of one round; the line shows their median and range.
/// </summary>
internal static class GenerationRate
{
    private const int Vocabulary = 50257,
        Width = 768,
        Layers = 12,
        Rows = 64;
    private static long _seed;

    public static void Run(string[] arguments)
    {
        set_num_threads(arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1);
        int rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 3;
        Console.WriteLine(
            $"GPT-2 small, {Rows} rows, {get_num_threads()} thread(s); GFLOP a second and ratios: median of {rounds} rounds (range)"
        );
        Console.WriteLine($"{"", -58}{"processor time", 28} {"clock", 28}");
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = Vocabulary,
                MaxLength = 1024,
                Width = Width,
                Layers = Layers,
                Heads = 12,
            },
            seed: 1
        );
        model.eval();
        using var half = new Gpt2(model.Config, seed: 1);
        half.to(ScalarType.BFloat16).eval();
        using var square = new MatrixProduct(ScalarType.Float32);
        using var halfSquare = new MatrixProduct(ScalarType.BFloat16);
        List<Stint> yard = [],
            halfYard = [],
            full = [],
            scored = [],
            halved = [],
            shared = [],
            separate = [];
        Generate(model, Prompts(Rows, 4), 1, 2); // warms up
        Generate(half, Prompts(Rows, 4), 1, 2);
        for (int round = 0; round < rounds; round++)
        {
            yard.Add(Rate(MatrixProduct.Work, square.Run));
            IReadOnlyList<Completion> drawn = [];
            full.Add(Rate(Work(16, 32), () => drawn = Generate(model, Prompts(Rows, 16), 1, 32)));
            scored.Add(Rate(Work(16, 32), () => Policy(model, 32).LogProbValues(drawn)));
            halfYard.Add(Rate(MatrixProduct.Work, halfSquare.Run));
            halved.Add(Rate(Work(16, 32), () => Generate(half, Prompts(Rows, 16), 1, 32)));
            separate.Add(Stint.Of(() => Generate(model, Prompts(Rows, 64), 1, 16)));
            shared.Add(Stint.Of(() => Generate(model, Prompts(1, 64), Rows, 16)));
        }

        Print("float32 product 2048 x 2048 x 2048", yard);
        Print("bfloat16 product", halfYard);
        Print("  / float32 product", Ratios(halfYard, yard));
        Print("float32 generation, 16 + 32 tokens", full);
        Print("  / float32 product (aim: at least 0.54)", Ratios(full, yard));
        Print("float32 scoring of the same completions", scored);
        Print("  / float32 product", Ratios(scored, yard));
        Print("bfloat16 generation, 16 + 32 tokens", halved);
        Print("  / float32 product (aim: at least 0.89)", Ratios(halved, yard));
        Print("  / bfloat16 product", Ratios(halved, halfYard));
        Print("64 + 16 tokens, 64 prompts: seconds", separate);
        Print("64 + 16 tokens, 64 samples of a prompt: seconds", shared);
        Print("  shared / separate (aim: at most 0.4)", Ratios(shared, separate));
    }

    /// <summary>GFLOP of the matrix products and the attention; the last token of a row is drawn and not read.</summary>
    private static double Work(int prompt, int added)
    {
        const double Block = 12.0 * Width * Width,
            Head = (double)Vocabulary * Width;
        double attention = 0;
        for (int seen = 1; seen < prompt + added; seen++)
            attention += 2.0 * Layers * Width * seen; // query times key, weight times value
        return 2e-9 * Rows * ((Layers * Block * (prompt + added - 1)) + (Head * added) + attention);
    }

    private static IReadOnlyList<Completion> Generate(Gpt2 model, Prompt[] prompts, int samples, int tokens) =>
        Policy(model, tokens).Sample(prompts, samples, _seed++);

    private static CausalLmPolicy Policy(Gpt2 model, int tokens) =>
        new(model, new IdTokenizer(Vocabulary), new GenerationOptions { MaxNewTokens = tokens, RowsPerBatch = Rows });

    private static Prompt[] Prompts(int count, int length)
    {
        var random = new CounterRandom(_seed, "prompts", 0);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(p => string.Join(' ', Enumerable.Range(p * length, length).Select(i => (int)(random.Uniform(i) * Vocabulary)))),
        ];
    }

    private static Stint Rate(double gigaflop, Action work)
    {
        var time = Stint.Of(work);
        return new Stint(gigaflop / time.Processor, gigaflop / time.Clock);
    }

    private static Stint[] Ratios(List<Stint> above, List<Stint> below) =>
        [.. above.Zip(below, (a, b) => new Stint(a.Processor / b.Processor, a.Clock / b.Clock))];

    private static void Print(string what, IEnumerable<Stint> values) =>
        Console.WriteLine(
            $"{what, -58}{values.Select(v => v.Processor).MedianAndRange("F3"), 28} {values.Select(v => v.Clock).MedianAndRange("F3"), 28}"
        );

    /// <summary>The yardstick: a few products of square matrices that lie ready.</summary>
    private sealed class MatrixProduct(ScalarType type) : IDisposable
    {
        private const int Size = 2048,
            Times = 8;
        private readonly Tensor _a = ones(Size, Size, type),
            _b = ones(Size, Size, type);

        internal static double Work => 2e-9 * Size * Size * Size * Times;

        internal void Run()
        {
            for (int i = 0; i < Times; i++)
                _a.mm(_b).Dispose();
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
        }
    }
}
