using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// One step of decoding, 64 rows of a random Llama of 134 million parameters: <c>step [fast] [bfloat16] [threads=1] [rounds=5]</c>. Three
/// things, in turns within one run: the kernels that attention of one token over a cache may take, by length; the matrix products of a step
/// alone; whole steps over a cache of 32 and of 256 columns, as a share of what the products alone take.
/// </summary>
internal static class StepRate
{
    internal const int Vocabulary = 32_000,
        Rows = 64,
        Width = 768,
        Inner = 2048,
        Layers = 12,
        Heads = 12,
        Size = 64;

    public static void Run(string[] arguments)
    {
        arguments.Apply(keepMemory: true);
        set_num_threads(arguments.Number("threads", 1));
        int rounds = arguments.Number("rounds", 5);
        ScalarType type = arguments.Contains("bfloat16") ? ScalarType.BFloat16 : ScalarType.Float32;
        Console.WriteLine(
            $"{type}, {get_num_threads()} thread(s), {ProcessorName.Value}; milliseconds of processor time, median of {rounds} rounds "
                + $"(range)"
        );
        using var noGradient = no_grad();
        foreach (int columns in new[] { 32, 64, 128, 256 })
            Attention(type, columns, rounds);
        Fusions(type, rounds);
        Steps(type, rounds);
    }

    internal static LlamaConfig Config { get; } =
        new()
        {
            VocabularySize = Vocabulary,
            MaxLength = 1024,
            Width = Width,
            Layers = Layers,
            Heads = Heads,
            KeyValueHeads = Heads,
            HeadSize = Size,
            InnerWidth = Inner,
        };

    /// <summary>The kernels in turns, each over layers of its own,
    /// so that no cache of the processor holds them from layer to layer.</summary>
    private static void Attention(ScalarType type, int columns, int rounds)
    {
        const int Apart = 6;
        using DisposeScope scope = NewDisposeScope();
        Tensor[] keys = Random(),
            values = Random();
        Tensor[] wideKeys = Wide(keys),
            wideValues = Wide(values);
        Tensor query = randn([Rows, Heads, 1, Size]).to(type);
        Race(
            $"attention, {columns} columns, {Apart} layers",
            rounds,
            ("fused", () => Each((i) => nn.functional.scaled_dot_product_attention(query, keys[i], values[i]))),
            ("products", () => Each((i) => Products(query, keys[i], values[i]))),
            (
                "fused, float32 cache",
                () =>
                    Each(
                        (i) => nn.functional.scaled_dot_product_attention(query.to(ScalarType.Float32), wideKeys[i], wideValues[i]).to(type)
                    )
            ),
            ("products, float32 cache", () => Each((i) => Products(query.to(ScalarType.Float32), wideKeys[i], wideValues[i]).to(type)))
        );

        Tensor[] Random() =>
            [.. Enumerable.Range(0, Apart).Select(_ => randn([Rows, Heads, columns + 16, Size]).to(type).narrow(2, 0, columns))];
        Tensor[] Wide(Tensor[] narrow) => type == ScalarType.Float32 ? narrow : [.. narrow.Select(tensor => tensor.to(ScalarType.Float32))];
        void Each(Func<int, Tensor> attend)
        {
            for (int i = 0; i < Apart; i++)
                attend(i);
        }
    }

    /// <summary>Weights that read one input, apart and stacked.</summary>
    private static void Fusions(ScalarType type, int rounds)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = randn(Rows, Width).to(type);
        foreach ((string name, int parts, int outputs) in new[] { ("queries, keys, values", 3, Width), ("gate, up", 2, Inner) })
        {
            Tensor[] weights = [.. Enumerable.Range(0, Layers).Select(_ => randn(parts * outputs, Width).to(type))];
            Race(
                $"{name} of {Layers} layers",
                rounds,
                (
                    "apart",
                    () =>
                        Each(
                            weights,
                            weight =>
                            {
                                for (int part = 0; part < parts; part++)
                                    nn.functional.linear(input, weight.narrow(0, part * outputs, outputs));
                            }
                        )
                ),
                ("as one", () => Each(weights, weight => nn.functional.linear(input, weight)))
            );
        }

        static void Each(Tensor[] weights, Action<Tensor> act)
        {
            foreach (Tensor weight in weights)
                act(weight);
        }
    }

    private static Tensor Products(Tensor query, Tensor keys, Tensor values)
    {
        using Scalar scale = 1 / MathF.Sqrt(Size);
        return query.mul(scale).view(Rows * Heads, 1, Size).bmm(keys.flatten(0, 1).transpose(1, 2)).softmax(-1).bmm(values.flatten(0, 1));
    }

    private static void Steps(ScalarType type, int rounds)
    {
        const int Steps = 4;
        using var model = new Llama(Config, seed: 1);
        model.Freeze();
        model.to(type);
        using DisposeScope scope = NewDisposeScope();
        (Tensor Weight, Tensor Input)[] products =
        [
            .. model
                .named_parameters()
                .Where(pair => pair.parameter.dim() == 2 && !pair.name.StartsWith("embed", StringComparison.Ordinal))
                .Select(pair => ((Tensor)pair.parameter, randn([Rows, pair.parameter.size(1)]).to(type))),
        ];
        using IDecoding few = Start(16 + 32 - 16),
            many = Start(256);
        Tensor next = ones([Rows], ScalarType.Int64);
        double[][] times = Race(
            $"{Steps} steps",
            rounds,
            (
                "products alone",
                () =>
                {
                    for (int step = 0; step < Steps; step++)
                    {
                        using DisposeScope inner = NewDisposeScope();
                        foreach ((Tensor weight, Tensor input) in products)
                            nn.functional.linear(input, weight);
                    }
                }
            ),
            ("float32 product 2048 x 2048 x 2048", Square(ScalarType.Float32)),
            ("steps over about 32 columns", () => Append(few)),
            ("steps over about 256 columns", () => Append(many))
        );
        double gigaflop = 2e-9 * Rows * Steps * products.Sum(product => product.Weight.numel());
        Show("32 columns: share of what the products alone allow", times[0].Zip(times[2], (alone, whole) => alone / whole));
        Show("256 columns", times[0].Zip(times[3], (alone, whole) => alone / whole));
        Show(
            "32 columns: rate of a step's products against the float32 product",
            times[1].Zip(times[2], (square, whole) => gigaflop / whole / (2e-9 * 2048 * 2048 * 2048 / square))
        );
        Show(
            "products alone: rate against the float32 product",
            times[1].Zip(times[0], (square, alone) => gigaflop / alone / (2e-9 * 2048 * 2048 * 2048 / square))
        );

        IDecoding Start(int columns)
        {
            int[] lengths = new int[Rows];
            lengths.AsSpan().Fill(columns - (Steps * rounds / 2));
            IDecoding decoding = model.StartDecoding(
                randint(Vocabulary, [Rows, lengths[0]], ScalarType.Int64),
                lengths,
                Steps * (rounds + 1),
                out Tensor logits
            );
            logits.Dispose();
            decoding.SelectRows([.. Enumerable.Range(0, Rows)]);
            return decoding;
        }

        void Append(IDecoding decoding)
        {
            for (int step = 0; step < Steps; step++)
                decoding.Append(next).softmax(-1);
        }

        static Action Square(ScalarType type)
        {
            Tensor a = ones(2048, 2048, type);
            return () => a.mm(a);
        }
    }

    /// <summary>Each way once to warm up, then all in turns.</summary>
    private static double[][] Race(string title, int rounds, params (string Name, Action Work)[] ways)
    {
        double[][] times = [.. ways.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                using DisposeScope scope = NewDisposeScope();
                double time = Stint.Of(ways[way].Work).Processor;
                if (round >= 0)
                    times[way][round] = time;
            }
        }

        Console.WriteLine(title);
        for (int way = 0; way < ways.Length; way++)
            Show($"  {ways[way].Name}", times[way].Select(time => 1000 * time));
        return times;
    }

    private static void Show(string what, IEnumerable<double> values) => Console.WriteLine($"{what, -68}{values.MedianAndRange("G4")}");
}
