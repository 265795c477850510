using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Gguf;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// This library beside llama.cpp (LLamaSharp) on one random Llama of 134 million parameters, in turns within one run: <c>peers [fast]
/// [threads=2] [rounds=5] [rows=64]</c>. First the logits are compared; then completion tokens a second of drawing, of samples of one
/// prompt, of one sequence alone, and of scoring. Every ratio is that of one round; a line shows their median and range.
/// </summary>
internal static class Peers
{
    private const int PromptLength = 16,
        NewTokens = 32,
        SharedPrompt = 64,
        SharedTokens = 16,
        AloneTokens = 64;

    /// <summary>Of the largest logit: float32 with float32 keys and values on both sides.</summary>
    private const double Tolerance = 1e-4;
    private static readonly string[] s_works = ["draw, 16+32", "samples of one prompt, 64+16", "one sequence, 16+64", "score, 16+32"];

    public static void Run(string[] arguments)
    {
        arguments.Apply(keepMemory: true);
        int threads = arguments.Number("threads", 2),
            rounds = arguments.Number("rounds", 5),
            rows = arguments.Number("rows", 64);
        set_num_threads(threads);
        LlamaCpp.Quiet();
        Console.WriteLine($"{ProcessorName.Value}, {threads} thread(s), {rows} rows");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("peers-");
        try
        {
            Compare(folder.FullName, threads, rounds, rows);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Compare(string folder, int threads, int rounds, int rows)
    {
        string[] files = [Path.Combine(folder, "F32.gguf"), Path.Combine(folder, "F16.gguf"), Path.Combine(folder, "Q8_0.gguf")];
        using PretrainedCausalLm model = PretrainedCausalLm.Create(StepRate.Config, seed: 1);
        model.SaveGguf(files[0], GgufType.F32);
        model.SaveGguf(files[1], GgufType.F16);
        LlamaCpp.Quantize(files[0], files[2]);
        model.Save(Path.Combine(folder, "bfloat16"), ScalarType.BFloat16);
        using PretrainedCausalLm loaded = PretrainedCausalLm.Load(
            Path.Combine(folder, "bfloat16"),
            new PretrainedOptions { ElementType = ScalarType.BFloat16 }
        );
        CausalTransformer half = loaded.Model;
        model.Model.Freeze();
        half.Freeze();
        Console.WriteLine("files written");
        int[][] prompts = Prompts(rows, PromptLength),
            shared = Prompts(1, SharedPrompt),
            alone = [prompts[0]];
        RequireEqual(model.Model, half, files, threads, prompts[0]);
        int[][] completions = Prompts(rows, NewTokens);

        var ways = new List<(string Name, Action[] Works)>();
        foreach ((string name, CausalTransformer own) in new[] { ("ours float32", model.Model), ("ours bfloat16", half) })
        {
            long seed = 0;
            ways.Add(
                (
                    name,
                    [
                        () => Policy(own, NewTokens).Sample(Texts(prompts), 1, seed++),
                        () => Policy(own, SharedTokens).Sample(Texts(shared), rows, seed++),
                        () => Policy(own, AloneTokens).Sample(Texts(alone), 1, seed++),
                        () =>
                            Policy(own, NewTokens)
                                .LogProbValues([
                                    .. prompts.Zip(
                                        completions,
                                        (prompt, completion) =>
                                            new Completion
                                            {
                                                Prompt = Texts([prompt])[0],
                                                Text = "",
                                                PromptTokens = [.. prompt],
                                                Tokens = [.. completion],
                                                FinishReason = FinishReason.Length,
                                            }
                                    ),
                                ]),
                    ]
                )
            );
        }

        var peers = new List<LlamaCpp>();
        foreach (string file in files)
        {
            var apart = new LlamaCpp(file, threads, rows, PromptLength + NewTokens, shared: false, exact: false);
            var together = new LlamaCpp(file, threads, rows, SharedPrompt + SharedTokens, shared: true, exact: false);
            var single = new LlamaCpp(file, threads, 1, PromptLength + AloneTokens, shared: false, exact: false);
            peers.AddRange([apart, together, single]);
            ways.Add(
                (
                    $"llama.cpp {Path.GetFileNameWithoutExtension(file)}",
                    [
                        () => apart.Draw(prompts, rows, NewTokens, 1),
                        () => together.Draw(shared, rows, SharedTokens, 1),
                        () => single.Draw(alone, 1, AloneTokens, 1),
                        () => apart.Score(prompts, completions),
                    ]
                )
            );
        }

        int[] tokens = [rows * NewTokens, rows * SharedTokens, AloneTokens, rows * NewTokens];
        var rates = new Stint[ways.Count, s_works.Length, rounds];
        for (int round = 0; round < rounds; round++)
        {
            for (int work = 0; work < s_works.Length; work++)
            {
                for (int way = 0; way < ways.Count; way++)
                {
                    Stint time = Stint.Of(ways[way].Works[work]);
                    rates[way, work, round] = new Stint(tokens[work] / time.Processor, tokens[work] / time.Clock);
                }
            }

            Console.WriteLine($"round {round + 1} of {rounds} done");
        }

        foreach (LlamaCpp peer in peers)
            peer.Dispose();
        Print("Completion tokens a second of processor time", rate => rate.Processor);
        Print("Completion tokens a second on the clock", rate => rate.Clock);

        void Print(string title, Func<Stint, double> of)
        {
            Console.WriteLine($"{title}: median of {rounds} rounds (range)");
            Console.WriteLine($"| | {string.Join(" | ", s_works)} |\n|{string.Concat(Enumerable.Repeat(" --- |", s_works.Length + 1))}");
            for (int way = 0; way < ways.Count; way++)
                Console.WriteLine(
                    $"| {ways[way].Name} | "
                        + $"{string.Join(" | ", s_works.Select((_, work) => Summary(rounds, round => of(rates[way, work, round]), "F0")))} |"
                );
            Console.WriteLine(
                $"| float32 / F32 | "
                    + $"{string.Join(" | ", s_works.Select((_, work) => Summary(rounds, round => of(rates[0, work, round]) / of(rates[2, work, round]), "F2")))} |"
            );
            Console.WriteLine(
                $"| bfloat16 / best of F16 and Q8_0 | {string.Join(" | ", s_works.Select((_, work) =>
                Summary(rounds, round => of(rates[1, work, round]) / Math.Max(of(rates[3, work, round]), of(rates[4, work, round])), "F2")))} |"
            );
        }
    }

    /// <summary>The logits of one sequence: float32 must agree; of the others the distance is shown.</summary>
    private static void RequireEqual(CausalTransformer full, CausalTransformer half, string[] files, int threads, int[] tokens)
    {
        float[] ours = Logits(full);
        Console.WriteLine($"largest logit {ours.Max(MathF.Abs):G3}; largest difference to ours in float32:");
        Show("ours bfloat16", Logits(half));
        foreach (string file in files)
        {
            using var peer = new LlamaCpp(file, threads, 1, tokens.Length, shared: false, exact: true);
            double distance = Show($"llama.cpp {Path.GetFileNameWithoutExtension(file)}", [.. peer.Logits(tokens).SelectMany(row => row)]);
            if (file == files[0] && !(distance <= Tolerance * ours.Max(MathF.Abs)))
                throw new InvalidOperationException(
                    $"The two do not compute the same model: {distance} is above {Tolerance} of the largest logit."
                );
        }

        float[] Logits(CausalTransformer model)
        {
            using var noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            return model
                .forward(tensor(Array.ConvertAll(tokens, token => (long)token), [1, tokens.Length]))
                .to(ScalarType.Float32)
                .data<float>()
                .ToArray();
        }

        double Show(string name, float[] theirs)
        {
            double distance = ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max();
            Console.WriteLine($"  {name, -20}{distance:G3}");
            return distance;
        }
    }

    private static CausalLmPolicy Policy(CausalTransformer model, int tokens) =>
        new(model, new IdTokenizer(StepRate.Vocabulary), new GenerationOptions { MaxNewTokens = tokens, RowsPerBatch = StepRate.Rows });

    private static int[][] Prompts(int count, int length)
    {
        var random = new CounterRandom(new DrawSeed(count), "prompts", length);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(p => Enumerable.Range(p * length, length).Select(i => (int)(random.Uniform(i) * StepRate.Vocabulary)).ToArray()),
        ];
    }

    private static Prompt[] Texts(int[][] prompts) => [.. prompts.Select(prompt => (Prompt)string.Join(' ', prompt))];

    private static string Summary(int rounds, Func<int, double> of, string format) =>
        Enumerable.Range(0, rounds).Select(of).MedianAndRange(format);
}
