using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.Statistics;
using Microsoft.Extensions.AI;
using TorchSharp;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// Tokens a second of many clients of one service against one client, in interleaved rounds: <c>serving [threads=2] [rounds=3]
/// [clients=16] [tokens=64] [prompt=16] [bfloat16] [fast] [kept]</c>; random weights at the size of GPT-2 small, every client streams one
/// answer after another. <c>serving memory [requests=10000]</c> sends that many to a tiny model and tells what they leave behind.
/// </summary>
internal static class ServingBenchmark
{
    private static int s_seed;

    public static async Task RunAsync(string[] arguments)
    {
        arguments.Apply(keepMemory: arguments.Contains("kept"));
        set_num_threads(arguments.Number("threads", 2));
        if (arguments.Contains("memory"))
        {
            await MemoryAsync(arguments.Number("requests", 10_000));
            return;
        }

        int rounds = arguments.Number("rounds", 3),
            clients = arguments.Number("clients", 16);
        int tokens = arguments.Number("tokens", 64),
            prompt = arguments.Number("prompt", 16);
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 50257,
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
        var policy = new CausalLmPolicy(model, new Letters(model.VocabularySize), new GenerationOptions { MaxNewTokens = tokens });
        await using var service = new CompletionService(policy);
        using var client = new PolicyChatClient(service);
        Console.WriteLine(
            $"GPT-2 small, {model.ElementType}, {get_num_threads()} thread(s), prompts of {prompt} tokens, answers of {tokens}"
        );
        await Talk.OfAsync(client, 1, prompt, answers: 1);
        var rates = new List<(Talk One, Talk Many)>();
        for (int round = 0; round < rounds; round++)
            rates.Add(
                (
                    await Talk.OfAsync(client, 1, prompt, answers: arguments.Number("answers", 2)),
                    await Talk.OfAsync(client, clients, prompt, answers: arguments.Number("answers", 2))
                )
            );
        Print("one client: tokens a second", rates.Select(rate => rate.One.Rate));
        Print("  milliseconds to the first piece", rates.Select(rate => rate.One.First));
        Print($"{clients} clients: tokens a second of all", rates.Select(rate => rate.Many.Rate));
        Print("  milliseconds to the first piece, median", rates.Select(rate => rate.Many.First));
        Print("  milliseconds between tokens", rates.Select(rate => 1000 * clients / rate.Many.Rate));
        Print("ratio, round by round (aim: at least 4)", rates.Select(rate => rate.Many.Rate / rate.One.Rate));
        Print("one client: tokens a second of processor time", rates.Select(rate => rate.One.OfProcessor));
        Print($"{clients} clients", rates.Select(rate => rate.Many.OfProcessor));
        Print("ratio", rates.Select(rate => rate.Many.OfProcessor / rate.One.OfProcessor));
        Console.WriteLine($"peak {PeakMemory.Gibibytes():F2} GiB");
    }

    private static void Print(string what, IEnumerable<double> values) => Console.WriteLine($"{what, -50}{values.MedianAndRange("G4")}");

    /// <summary>Sends requests of a hundred clients, of which every fifth goes away, and prints what is in memory as they go.</summary>
    private static async Task MemoryAsync(int requests)
    {
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 64,
                MaxLength = 64,
                Width = 32,
                Layers = 2,
                Heads = 2,
            },
            seed: 1
        );
        model.Freeze();
        var policy = new CausalLmPolicy(
            model,
            new Letters(64),
            new GenerationOptions
            {
                MaxNewTokens = 16,
                StopTokens = [0, 1, 2, 3],
                RowsPerBatch = 32,
            }
        );
        await using var service = new CompletionService(policy);
        Console.WriteLine($"{"requests", 10}{"live tensors", 14}{"managed, MB", 14}{"working set, MB", 18}");
        for (int sent = 0; sent < requests; sent += requests / 10)
        {
            await Parallel.ForAsync(
                0,
                requests / 10,
                new ParallelOptions { MaxDegreeOfParallelism = 100 },
                async (i, _) =>
                {
                    using var cancel = new CancellationTokenSource();
                    var request = new CompletionRequest(string.Join(' ', Enumerable.Range(0, 1 + (i % 9)))) { Temperature = 0.5 + (i % 3) };
                    try
                    {
                        await foreach (string piece in service.StreamAsync(request, cancel.Token))
                        {
                            if (i % 5 == 0)
                                await cancel.CancelAsync();
                        }
                    }
                    catch (OperationCanceledException) when (cancel.IsCancellationRequested) { }
                }
            );
            await service.CompleteAsync(new CompletionRequest("1") { MaxNewTokens = 1 }); // a step, with which the last of them leave
            double managed = GC.GetTotalMemory(forceFullCollection: true) / 1e6;
            GC.WaitForPendingFinalizers();
            using var process = Process.GetCurrentProcess();
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{sent + (requests / 10), 10}{Tensor.TotalCount, 14}{managed, 14:F2}{process.WorkingSet64 / 1e6, 18:F1}"
                )
            );
        }

        Console.WriteLine(service.Statistics);
    }

    /// <summary>What clients see that talk at once: tokens a second of all, by the clock and of processor time,
    /// and the median of the milliseconds to a first piece.</summary>
    private readonly record struct Talk(double Rate, double OfProcessor, double First)
    {
        internal static async Task<Talk> OfAsync(PolicyChatClient client, int clients, int prompt, int answers)
        {
            (long Tokens, double First)[] talks = [];
            Stint time = await Stint.OfAsync(async () =>
                talks = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(() => TalkAsync(client, prompt, answers))))
            );
            long tokens = talks.Sum(talk => talk.Tokens);
            return new Talk(tokens / time.Clock, tokens / time.Processor, talks.Select(talk => talk.First).Median());
        }

        private static async Task<(long Tokens, double First)> TalkAsync(PolicyChatClient client, int prompt, int answers)
        {
            long tokens = 0;
            double first = 0;
            for (int answer = 0; answer < answers; answer++)
            {
                var random = new CounterRandom(new DrawSeed(Interlocked.Increment(ref s_seed)), "prompts", 0);
                string text = string.Join(' ', Enumerable.Range(0, prompt).Select(i => (int)(random.Uniform(i) * 50257)));
                var clock = Stopwatch.StartNew();
                bool isFirst = true;
                await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(text))
                {
                    if (isFirst && answer == 0)
                        first = clock.Elapsed.TotalMilliseconds;
                    isFirst = false;
                    tokens += update.Contents.OfType<UsageContent>().Sum(usage => usage.Details.OutputTokenCount ?? 0);
                }
            }

            return (tokens, first);
        }
    }

    /// <summary>Prompts are token ids in decimal; what is drawn is a letter to each.</summary>
    private sealed class Letters(int vocabularySize) : ITokenizer
    {
        public ModelIdentity Identity => new(nameof(Letters), ("vocabulary", VocabularySize));

        public int VocabularySize => vocabularySize;

        public ImmutableArray<int> Encode(string text) =>
            [.. text.Split(' ').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];

        public string Decode(IReadOnlyList<int> tokens) =>
            string.Create(
                tokens.Count,
                tokens,
                (letters, all) =>
                {
                    for (int i = 0; i < letters.Length; i++)
                        letters[i] = (char)('a' + (all[i] % 26));
                }
            );
    }
}
