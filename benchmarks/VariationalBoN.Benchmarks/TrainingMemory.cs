using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.Statistics;
using TorchSharp;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// Peak memory of training steps at the size of GPT-2 small: 12 layers, width 768, vocabulary 50257, 16 (<c>rows=16</c>) completions of 16
/// + 32 tokens, AdamW. The peak belongs to the process, so each way is a run of its own: <c>memory full</c>, <c>memory lora</c>; further
/// words: <c>bfloat16</c> sets the element type of the frozen weights, <c>mixed</c> is mixed precision, <c>recompute</c> computes blocks
/// again in the backward pass, <c>kept</c> and <c>fast</c> are the calls of <see cref="TorchRuntime"/>, <c>steps=8</c> the steps. At the
/// end stand the fastest and the median step, and processor time a step.
/// </summary>
internal static class TrainingMemory
{
    private const int Vocabulary = 50257,
        PromptLength = 16,
        NewTokens = 32;

    public static void Run(string[] arguments)
    {
        bool lora = arguments.Contains("lora");
        int steps = arguments.Number("steps", 8);
        if (arguments.Contains("fast"))
            Console.WriteLine(TorchRuntime.UseFastKernelsOnAmd().Explanation);
        if (arguments.Contains("kept"))
            Console.WriteLine(TorchRuntime.KeepFreedMemory().Explanation);
        Report("start");
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
        if (arguments.Contains("bfloat16"))
            model.to(ScalarType.BFloat16);
        model.eval();
        model.UseMixedPrecision(arguments.Contains("mixed"));
        model.RecomputeActivations(arguments.Contains("recompute"));
        Report("model");
        using CausalTransformer? adapted = lora ? model.WithLora(new LoraOptions { Rank = 16, Alpha = 32 }) : null;
        CausalTransformer trained = adapted ?? model;
        var policy = new CausalLmPolicy(trained, new IdTokenizer(Vocabulary));
        var completions = Completions(arguments.Number("rows", 16));
        using var adam = new AdamW(adapted?.LoraParameters() ?? model.parameters(), learningRate: 1e-5) { AllowLostSteps = true };
        var (seconds, processor) = (new List<double>(), new List<double>());
        for (int step = 0; step < steps; step++)
        {
            TimeSpan used = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            using (NewDisposeScope())
            {
                var loss = policy.LogProb(completions).mean().neg();
                trained.zero_grad();
                loss.backward();
                adam.Step();
                Report(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"step {step}, loss {loss.item<double>():F3}, {clock.Elapsed.TotalSeconds:F1} s"
                    )
                );
            }

            seconds.Add(clock.Elapsed.TotalSeconds);
            processor.Add((Environment.CpuUsage.TotalTime - used).TotalSeconds);
        }

        Report(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{string.Join(' ', arguments)}: step {seconds.Min():F2} s at best, {seconds.Median():F2} median; processor "
                    + $"{processor.Min():F2} and {processor.Median():F2} s"
            )
        );
    }

    private static Completion[] Completions(int rows)
    {
        var random = new CounterRandom(new DrawSeed(1), "completions", 0);
        long next = 0;
        return
        [
            .. Enumerable
                .Range(0, rows)
                .Select(_ => new Completion
                {
                    Prompt = "",
                    Text = "",
                    PromptTokens = [.. Draw(PromptLength)],
                    Tokens = [.. Draw(NewTokens)],
                }),
        ];

        IEnumerable<int> Draw(int count) => Enumerable.Range(0, count).Select(_ => (int)(random.Uniform(next++) * Vocabulary)).ToArray();
    }

    private static void Report(string place) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{place}: peak {PeakMemory.Gibibytes():F2} GiB"));
}
