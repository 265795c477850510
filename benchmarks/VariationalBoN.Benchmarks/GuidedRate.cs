using System.Globalization;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// Guided decoding beside plain decoding at the size of GPT-2 small, random weights, in turns: <c>guided [fast] [kept] [bfloat16]
/// [threads=1] [rounds=3] [rows=64] [top=48]</c>. What the head has learned does not change what it costs, so it learns for one step.
/// </summary>
internal static class GuidedRate
{
    private const int Vocabulary = 50_257,
        PromptLength = 16,
        NewTokens = 32,
        N = 4;

    public static void Run(string[] arguments)
    {
        arguments.Apply(keepMemory: arguments.Contains("kept"));
        set_num_threads(arguments.Number("threads", 1));
        int rounds = arguments.Number("rounds", 3),
            rows = arguments.Number("rows", 64);
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = Vocabulary,
                MaxLength = 1024,
                Width = 768,
                Layers = 12,
                Heads = 12,
            },
            seed: 1
        );
        model.Freeze();
        if (arguments.Contains("bfloat16"))
            model.to(ScalarType.BFloat16);
        var plain = new CausalLmPolicy(
            model,
            new IdTokenizer(Vocabulary),
            new GenerationOptions { MaxNewTokens = NewTokens, RowsPerBatch = rows }
        );
        var random = new CounterRandom(new DrawSeed(1), "prompts", 0);
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, rows)
                .Select(p =>
                    (Prompt)
                        string.Join(
                            ' ',
                            Enumerable.Range(p * PromptLength, PromptLength).Select(i => (int)(random.Uniform(i) * Vocabulary))
                        )
                ),
        ];
        using ValueHead head = Head(plain, prompts[0]);
        var guided = new GuidedPolicy(plain, head, RankWeight.BestOf(N), new GuidanceOptions { TopTokens = arguments.Number("top", 48) });
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{model.parameters().Sum(parameter => parameter.numel()):N0} parameters, {model.ElementType}, {rows} rows of "
                    + $"{PromptLength} + {NewTokens} tokens, top {guided.Options.TopTokens}, {get_num_threads()} thread(s), "
                    + $"{ProcessorName.Value}"
            )
        );
        var times = new List<(Stint Plain, Stint Guided)>();
        for (int round = -1; round < rounds; round++)
        {
            var time = (Stint.Of(() => plain.Sample(prompts, 1, round)), Stint.Of(() => guided.Sample(prompts, 1, round)));
            if (round >= 0)
                times.Add(time);
        }

        Show("plain, tokens a second (processor; clock)", time => time.Plain, 0);
        Show("guided", time => time.Guided, 0);
        Print(
            "guided / plain time, round by round",
            [.. times.Select(time => time.Guided.Processor / time.Plain.Processor)],
            [.. times.Select(time => time.Guided.Clock / time.Plain.Clock)],
            "F2"
        );

        void Show(string what, Func<(Stint Plain, Stint Guided), Stint> of, int digits) =>
            Print(
                what,
                [.. times.Select(time => rows * NewTokens / of(time).Processor)],
                [.. times.Select(time => rows * NewTokens / of(time).Clock)],
                $"F{digits}"
            );
    }

    private static ValueHead Head(CausalLmPolicy reference, Prompt prompt)
    {
        const int Samples = 8;
        var reward = RewardModel.FromFunction(completion => completion.Tokens.Sum(), "sum of ids");
        using ReferenceTable table = ReferenceTable
            .EstimateAsync(new Scorer(reference, reward), [prompt], Samples, seed: 1)
            .GetAwaiter()
            .GetResult();
        return ValueHead.Train(reference, table, [prompt], new ValueHeadOptions { Epochs = 1 });
    }

    private static void Print(string what, double[] processor, double[] clock, string format) =>
        Console.WriteLine($"{what, -45}{processor.MedianAndRange(format)}; {clock.MedianAndRange(format)}");
}
