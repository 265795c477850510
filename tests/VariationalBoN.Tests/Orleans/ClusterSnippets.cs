using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VariationalBoN.Losses;
using VariationalBoN.Orleans;
using VariationalBoN.References;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A silo and a learner over loopback, as an application has them on two machines, with a loss of its own.</summary>
[Trait("Tier", "torch")]
public sealed class ClusterSnippets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-cluster-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Adapters_train_over_a_silo_by_a_loss_of_ones_own()
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2");
        (int silo, int gateway) = FreePorts();
        using IHost worker = Silo(directory, silo, gateway);
        await worker.StartAsync();

        long version = await LearnAsync(directory, gateway, Path.Combine(_folder, "references.db"));

        await worker.StopAsync();
        Assert.Equal(2, version); // weights that have not moved are no new version
    }

    /// <summary>Nobody listens: the error names the address, both ids and what to look at.</summary>
    [Fact]
    public async Task A_wrong_address_is_named()
    {
        (_, int gateway) = FreePorts();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
            client.UseLocalhostClustering(gateway, "sample", "here").AddVariationalBoN(connectFor: TimeSpan.Zero)
        );
        using IHost host = builder.Build();

        var thrown = await Assert.ThrowsAsync<ClusterException>(() => host.StartAsync());

        Assert.Contains(gateway.ToString(System.Globalization.CultureInfo.InvariantCulture), thrown.Message, StringComparison.Ordinal);
        Assert.Contains("cluster \"here\", service \"sample\"", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("gateway", thrown.Message, StringComparison.Ordinal);
    }

    private static (int Silo, int Gateway) FreePorts()
    {
        using TcpListener one = new(IPAddress.Loopback, 0),
            two = new(IPAddress.Loopback, 0);
        one.Start();
        two.Start();
        return (((IPEndPoint)one.LocalEndpoint).Port, ((IPEndPoint)two.LocalEndpoint).Port);
    }

    private static ClusterWorker Models(string directory)
    {
        var model = PretrainedCausalLm.Load(directory);
        var pair = model.WithReference(
            new GenerationOptions { MaxNewTokens = 8, StopTokens = model.StopTokens },
            new LoraOptions { Rank = 4 }
        );
        var scorer = new Scorer(pair.Reference, RewardModel.FromFunction((_, text) => text.Count(char.IsLetter), "letters"));
        // snippet: loss
        return new ClusterWorker(scorer, pair.Policy)
        {
            Losses = new Dictionary<string, GradientLoss>
            {
                ["clipped"] = (logProb, part, numbers) =>
                    ClippedRatio.Loss(logProb, part.Of(numbers["old"]), part.Of(numbers["targets"]), part.Groups),
            },
            LossVersion = typeof(ClusterSnippets).Assembly.GetName().Version!.ToString(), // of your program
            Owned = [pair, model],
        };
        // end snippet
    }

    private static IHost Silo(string directory, int siloPort, int gatewayPort)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort, gatewayPort).AddVariationalBoN(_ => Models(directory)));
        return builder.Build();
    }

    private static async Task<long> LearnAsync(string directory, int gatewayPort, string store)
    {
        using ClusterWorker mine = Models(directory);
        Prompt[] prompts = ["The film was", "We saw it"];
        await using var cluster = await WorkerCluster.ConnectAsync(
            client => client.UseLocalhostClustering(gatewayPort),
            new() { Origin = mine.Scorer.Origin }
        );
        // snippet: table
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = 32,
            SamplesPerBlock = 16,
            BatchesAtOnce = 3, // of each device
            Seed = 1,
            Store = store,
        };
        using var table = await ReferenceTable.EstimateAsync(cluster.Reference, prompts, options);
        // end snippet
        var objective = new ExactObjective(table.BestOf(n: 4));
        await using var learner = cluster.CreateLearner(mine);
        using var adam = new AdamW(mine.Parameters.Select(p => p.Value), learningRate: 1e-2);
        for (int step = 0; step < 2; step++)
        {
            learner.Publish();
            var rollouts = await learner.RolloutsAsync(prompts, completionsPerPrompt: 4, seed: step);
            adam.ZeroGrad();
            // snippet: backward
            var numbers = new Dictionary<string, double[]>
            {
                ["old"] = [.. rollouts.LogProb],
                ["targets"] = objective.LogTargets(rollouts.Scored),
            };
            await learner.BackwardAsync(rollouts, completionsPerPart: 4, ClippedRatio.Average, "clipped", numbers);
            // end snippet
            adam.Step();
        }

        return learner.Version;
    }
}
