using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VariationalBoN.Orleans;
using VariationalBoN.References;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Orleans;

/// <summary>The code of docs/scaling-out.md: a silo and a learner over loopback, as an application has them on two machines.</summary>
[Trait("Tier", "torch")]
public sealed class ClusterSnippets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-cluster-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_program_of_the_page_trains_adapters_over_a_silo()
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

    // snippet: silo
    private static ClusterWorker Models(string directory) // the same at every worker
    {
        var model = PretrainedCausalLm.Load(directory);
        var pair = model.WithReference(
            new GenerationOptions { MaxNewTokens = 8, StopTokens = model.StopTokens },
            new LoraOptions { Rank = 4 }
        );
        var judge = RewardModel.FromFunction((prompt, text) => text.Count(char.IsLetter), "letters, version 1");
        return new ClusterWorker(new Scorer(pair.Reference, judge))
        {
            Policy = pair.Policy,
            Parameters = [.. pair.Network.named_parameters().Where(p => p.parameter.requires_grad).Select(p => (p.name, p.parameter))],
            Losses = ImmutableDictionary<string, GradientLoss>.Empty.Add(
                "vbon",
                (logProb, part, numbers) => ScoreFunction.Loss(logProb, part.Of(numbers["targets"]), part.Groups)
            ),
            Owned = [pair, model],
        };
    }

    private static IHost Silo(string directory, int siloPort, int gatewayPort) // one on each machine
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort, gatewayPort).AddVariationalBoN(_ => Models(directory)));
        return builder.Build();
    }

    // end snippet

    // snippet: learner
    private static async Task<long> LearnAsync(string directory, int gatewayPort, string store)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.UseOrleansClient(client => client.UseLocalhostClustering(gatewayPort).AddVariationalBoN());
        using IHost host = builder.Build();
        await host.StartAsync();
        ClusterWorker mine = Models(directory); // its policy trains, here
        Prompt[] prompts = ["The film was", "We saw it"];
        await using var cluster = await host
            .Services.GetRequiredService<IClusterClient>()
            .ConnectVariationalBoNAsync(new() { Origin = mine.Scorer.Origin });
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = 32,
            SamplesPerBlock = 16,
            BatchesAtOnce = 3,
            Seed = 1,
            Store = store,
        };
        using var table = await ReferenceTable.EstimateAsync(cluster.Reference, prompts, options);
        var objective = new ExactObjective(table.BestOf(n: 4));
        await using var learner = cluster.CreateLearner(mine.Policy!, mine.Parameters);
        using var adam = new AdamW(mine.Parameters.Select(p => p.Value), learningRate: 1e-2);
        for (int step = 0; step < 2; step++)
        {
            learner.Publish(); // the adapters alone
            var rollouts = await learner.RolloutsAsync(prompts, completionsPerPrompt: 4, seed: step);
            var numbers = new Dictionary<string, double[]> { ["targets"] = objective.LogTargets(rollouts.Scored) };
            adam.ZeroGrad();
            await learner.BackwardAsync(rollouts, completionsPerPart: 4, ScoreFunction.Average, "vbon", numbers);
            adam.Step();
        }

        foreach (IDisposable owned in mine.Owned)
            owned.Dispose();
        return learner.Version;
    }
    // end snippet
}
