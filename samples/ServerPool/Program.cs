// A table of reference samples drawn by a pool of servers, of which one is killed, one is slow and one is away for a while: it ends with
// the rows that one good server gives. Then a server that draws at another temperature is found out by name.
using System.CommandLine;
using SampleHosting;
using ServerPool;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;

var quick = new Option<bool>("--quick") { Description = "A quarter of the samples." };
var plain = FastRuntime.Plain();
var program = new RootCommand(
    "Draws reference samples from three faulty servers on loopback, ends with the table of one good server, "
        + "and names one that draws from something else."
)
{
    quick,
    plain,
};
program.SetAction(
    (result, stop) =>
        CommandHost.RunAsync(
            async () =>
            {
                FastRuntime.Begin(result.GetValue(plain));
                torch.set_num_threads(1); // a model this small
                await RunAsync(result.GetValue(quick) ? 64 : 256, stop);
            },
            "Stopped.",
            stop,
            e => e is RemoteServiceException or InvalidOperationException
        )
);
return await CommandHost.InvokeAsync(program, args);

static async Task RunAsync(int samplesPerPrompt, CancellationToken stop)
{
    // The model: for real servers they hold it, and the local copy is read from the same directory.
    string folder = Directory.CreateTempSubdirectory("server-pool-").FullName;
    try
    {
        using var model = PretrainedCausalLm.Load(TinyLanguageModel.Write(Path.Combine(folder, "model")));
        model.Model.Freeze();
        var copy = new CausalLmPolicy(
            model.Model,
            model.PromptTokenizer,
            new GenerationOptions { MaxNewTokens = 16, StopTokens = model.StopTokens }
        );
        var judge = RewardModel.FromFunction(
            completion => completion.Text.Split(' ').Count(word => word is "moving" or "clever" or "warm"),
            "kind words"
        );
        Prompt[] prompts = ["The film was", "The story was", "The film felt", "The story felt"];
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = samplesPerPrompt,
            PromptsPerBatch = 2,
            Seed = 1,
        };

        await using CompletionsServer one = await StartAsync(ServerFault.None);
        using ReferenceTable expected = await EstimateAsync([one]);
        Console.WriteLine(
            $"One good server drew {samplesPerPrompt} completions of each of {prompts.Length} prompts, mean reward "
                + $"{MeanReward(expected):0.000}."
        );

        await using CompletionsServer killed = await StartAsync(ServerFault.None),
            slow = await StartAsync(ServerFault.Slow),
            away = await StartAsync(ServerFault.Unavailable);
        killed.OnRequest = answered =>
        {
            if (answered == 100)
                _ = killed.KillAsync();
            if (answered == 90)
                away.Fault = ServerFault.None;
        };
        using ReferenceTable table = await EstimateAsync([killed, slow, away]);
        bool equal = expected
            .Prompts.Zip(table.Prompts)
            .All(pair => pair.First.Samples.Select(Line).SequenceEqual(pair.Second.Samples.Select(Line)));
        Console.WriteLine(
            equal
                ? $"Three servers, killed, slow and away, drew the same {prompts.Length * samplesPerPrompt} rows."
                : "The three servers drew other rows."
        );
        if (!equal)
            throw new InvalidOperationException("The tables differ.");

        await using CompletionsServer warm = await StartAsync(ServerFault.OtherTemperature);
        try
        {
            (await EstimateAsync([one, warm])).Dispose();
            throw new InvalidOperationException("A server at another temperature was not found out.");
        }
        catch (RemoteServiceException drift)
        {
            Console.WriteLine($"The fourth was found out: {drift.Message}");
        }

        async Task<CompletionsServer> StartAsync(ServerFault fault)
        {
            CompletionsServer server = await CompletionsServer.StartAsync(
                new ServedModel(model.Model, model.PromptTokenizer.VocabularySize).Draw
            );
            server.Fault = fault;
            return server;
        }

        async Task<ReferenceTable> EstimateAsync(CompletionsServer[] servers)
        {
            Uri[] addresses = [.. servers.Select(server => server.Address)];
            // snippet: pool
            using var pool = new PoolHandler(
                addresses,
                new() { MaxRequestsPerServer = 8, OnChange = health => Console.WriteLine($"  {health}") }
            );
            var sampler = new PoolSampler(pool, model.PromptTokenizer, copy.Options, new() { Model = "served", LocalCopy = copy });
            var source = new PoolCompletionSource(sampler, new Scorer(copy, judge));
            var drawn = await ReferenceTable.EstimateAsync(source, prompts, options, stop);
            // end snippet
            foreach (ServerHealth health in pool.Health)
                Console.WriteLine($"  {health}");
            return drawn;
        }
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

static double MeanReward(ReferenceTable table) => table.Prompts.Average(prompt => prompt.Rewards.Average());

static string Line(ScoredCompletion item) => FormattableString.Invariant($"{item.Completion.Text}|{item.Reward}|{item.LogReference:R}");
