using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SampleHosting;
using VariationalBoN.Orleans;

namespace Cluster;

/// <summary>What each process of the run does. Stateless.</summary>
internal static class Roles
{
    public const string Primary = "primary",
        Worker = "worker",
        Learner = "learner",
        Alone = "alone";

    /// <summary>What a silo says once it is in the cluster, before its name.</summary>
    public const string Joined = "joined the cluster as ";

    /// <summary>What a learner says of a worker at the end, between its name and the number of its blocks.</summary>
    public const string Did = " did this many blocks: ";

    /// <summary>Where a run writes its rows.</summary>
    public static string ResultOf(Settings settings, string role) => Path.Combine(settings.Folder, role, "rows.json");

    public static async Task RunAsync(string role, Settings settings, CancellationToken cancellationToken)
    {
        switch (role)
        {
            case Primary:
                await ServeAsync(Silos.Primary(settings), cancellationToken);
                break;
            case Worker:
                await ServeAsync(Silos.Worker(settings), cancellationToken);
                break;
            case Learner:
                await LearnAsync(settings, cancellationToken);
                break;
            default:
                using (var world = new ReviewWorld(settings))
                    await AlignAsync(world, new OneProcess(world), settings, role, cancellationToken);
                break;
        }
    }

    private static async Task ServeAsync(IHost host, CancellationToken cancellationToken)
    {
        using (host)
        {
            await host.StartAsync(cancellationToken);
            Console.WriteLine(Joined + host.Services.GetRequiredService<ILocalSiloDetails>().Name);
            await host.WaitForShutdownAsync(cancellationToken);
        }
    }

    private static async Task LearnAsync(Settings settings, CancellationToken cancellationToken)
    {
        using var world = new ReviewWorld(settings);
        using IHost host = Silos.Client(settings);
        await host.StartAsync(cancellationToken);
        var client = host.Services.GetRequiredService<IClusterClient>();
        var options = new WorkerClusterOptions { Origin = world.Scorer.Origin, Logger = ConsoleLog.Warnings };
        await using (WorkerCluster cluster = await client.ConnectVariationalBoNAsync(options, cancellationToken))
        await using (
            ClusterLearner learner = cluster.CreateLearner(
                world.ToWorker(),
                new() { PromptsPerBlock = Settings.PromptsPerBlock, SamplesPerBlock = Settings.CompletionsPerPrompt }
            )
        )
        {
            await AlignAsync(world, new OverCluster(cluster, learner, settings), settings, Learner, cancellationToken);
            foreach (WorkerStatus worker in cluster.Workers)
                Console.WriteLine($"{worker.Name}{Did}{worker.Blocks}");
        }

        await host.StopAsync(cancellationToken);
    }

    private static async Task AlignAsync(
        ReviewWorld world,
        IEngine engine,
        Settings settings,
        string role,
        CancellationToken cancellationToken
    )
    {
        string folder = Path.Combine(settings.Folder, role);
        Directory.CreateDirectory(folder);
        List<Row> rows = await Alignment.RunAsync(world, engine, settings, folder, Console.WriteLine, cancellationToken);
        await File.WriteAllTextAsync(ResultOf(settings, role), JsonSerializer.Serialize(rows), cancellationToken);
    }
}
