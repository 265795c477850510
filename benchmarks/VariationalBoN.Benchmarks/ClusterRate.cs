using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TorchSharp;
using VariationalBoN.Orleans;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What a cluster costs and gains, over loopback: <c>cluster [rounds=3] [small]</c>. In turns: reference draws in this process, over one
/// worker and over two single-threaded ones, and the times and bytes that a plan on paper needs: weights that are published, gradients of
/// parts. The workers are two silos of this process, each with a model and a thread of its own.
/// </summary>
internal static class ClusterRate
{
    private const int Prompts = 16,
        PromptsPerBlock = 2,
        PromptLength = 8;

    public static async Task RunAsync(string[] arguments)
    {
        torch.set_num_threads(1);
        int rounds = arguments.Number("rounds", 3);
        Console.WriteLine(
            $"{ProcessorName.Value}; load {(File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown")}"
        );
        await MeasureAsync(
            "smallest: 1 layer, width 48, 300 tokens",
            new Gpt2Config
            {
                VocabularySize = 300,
                MaxLength = 32,
                Width = 48,
                Layers = 1,
                Heads = 4,
            },
            samples: 128,
            rounds
        );
        if (!arguments.Contains("small"))
            await MeasureAsync(
                "GPT-2 small: 12 layers, width 768, 50257 tokens",
                new Gpt2Config
                {
                    VocabularySize = 50257,
                    MaxLength = 1024,
                    Width = 768,
                    Layers = 12,
                    Heads = 12,
                },
                samples: 8,
                rounds
            );
    }

    private static async Task MeasureAsync(string name, Gpt2Config config, int samples, int rounds)
    {
        Console.WriteLine(name);
        using var one = new AdaptedModel(config);
        using IHost primary = LoopbackHosts.Silo(null, out (int Silo, int Gateway) ports, 0);
        await primary.StartAsync();
        using IHost first = LoopbackHosts.Silo(config, out _, ports.Silo);
        await first.StartAsync();
        using IHost client = LoopbackHosts.Client(ports.Gateway);
        await client.StartAsync();
        await using WorkerCluster cluster = await client
            .Services.GetRequiredService<IClusterClient>()
            .ConnectVariationalBoNAsync(new() { Origin = one.Scorer.Origin });
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, Prompts)
                .Select(p => new Prompt(
                    string.Join(' ', Enumerable.Range(1, PromptLength).Select(i => (i * (p + 3)) % config.VocabularySize))
                )),
        ];

        var local = new PolicyCompletionSource(one.Scorer.Reference, one.Scorer);
        await DrawAsync(local, 1);
        await DrawAsync(cluster.Reference, 3);
        (double Rate, double Processor)[] here = new (double, double)[rounds],
            over = new (double, double)[rounds],
            both = new (double, double)[rounds];
        for (int round = 0; round < rounds; round++)
            (here[round], over[round]) = (await DrawAsync(local, 1), await DrawAsync(cluster.Reference, 3));
        using (IHost second = LoopbackHosts.Silo(config, out _, ports.Silo))
        {
            await second.StartAsync();
            while (cluster.Workers.Length < 2)
                await Task.Delay(50);
            await DrawAsync(cluster.Reference, 6);
            for (int round = 0; round < rounds; round++)
                both[round] = await DrawAsync(cluster.Reference, 6);
            Show("completions a second in this process", here.Select(run => run.Rate));
            Show("over one worker", over.Select(run => run.Rate));
            Show("over two workers", both.Select(run => run.Rate));
            Show("two against one", over.Zip(both, (a, b) => b.Rate / a.Rate));
            Show("overhead of the engine, % by the clock", here.Zip(over, (a, b) => 100 * ((a.Rate / b.Rate) - 1)));
            Show("overhead, % of processor time", here.Zip(over, (a, b) => 100 * ((b.Processor / a.Processor) - 1)));
            await TrainAsync(cluster, one, prompts, "adapters of rank 8");
            await second.StopAsync();
        }

        await first.StopAsync();
        await client.StopAsync();
        await primary.StopAsync();

        async Task<(double Rate, double Processor)> DrawAsync(ICompletionSource source, int atOnce)
        {
            var options = new ReferenceTableOptions
            {
                SamplesPerPrompt = samples,
                SamplesPerBlock = samples,
                PromptsPerBatch = PromptsPerBlock,
                BatchesAtOnce = atOnce,
                Seed = 1,
            };
            var clock = Stopwatch.StartNew();
            double processor = Environment.CpuUsage.TotalTime.TotalSeconds; // of client and silos together
            await ReferenceTable.EstimateAsync(source, prompts, options);
            return (prompts.Length * samples / clock.Elapsed.TotalSeconds, Environment.CpuUsage.TotalTime.TotalSeconds - processor);
        }
    }

    /// <summary>One step: what is published, what the gradients weigh, how long it takes.</summary>
    private static async Task TrainAsync(WorkerCluster cluster, AdaptedModel parts, Prompt[] prompts, string what)
    {
        await using ClusterLearner learner = cluster.CreateLearner(parts.ToWorker());
        var clock = Stopwatch.StartNew();
        learner.Publish();
        double publish = clock.Elapsed.TotalSeconds;
        ClusterRollouts rollouts = await learner.RolloutsAsync(prompts, 4, seed: 1);
        double[] targets = new double[rollouts.Scored.Count];
        clock.Restart();
        await learner.BackwardAsync(
            rollouts.Scored,
            32,
            ScoreFunction.Average,
            "loss",
            new Dictionary<string, double[]> { ["targets"] = targets }
        );
        double backward = clock.Elapsed.TotalSeconds;
        clock.Restart();
        GradientAccumulation.Backward(
            parts.Policy,
            rollouts.Scored,
            32,
            ScoreFunction.Average,
            (logProb, part) => ScoreFunction.Loss(logProb, part.Of(targets), part.Groups)
        );
        double alone = clock.Elapsed.TotalSeconds;
        long bytes = parts.Policy.Parameters.Sum(parameter => parameter.numel() * parameter.element_size());
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {what}: {bytes / 1e6:0.00} MB published and per part of the gradient; publishing {publish:0.000} s; gradient of "
                    + $"{rollouts.Scored.Count} completions in 2 parts of 32 over two workers {backward:0.00} s, in this process "
                    + $"{alone:0.00} s"
            )
        );
    }

    private static void Show(string what, IEnumerable<double> values) =>
        Console.WriteLine($"  {what, -42} {values.MedianAndRange("0.00")}");
}
