using System.Collections.Concurrent;
using Orleans.TestingHost;
using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.Orleans;

/// <summary>Reference samples over a cluster: what is drawn, what is refused, and what a kill costs.</summary>
[Trait("Tier", "torch")]
[Collection(nameof(OrleansTests))]
public sealed class ClusterReferenceTests(ClusterFixture fixture) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-cluster-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>10 silos of this process ended without a word in one running cluster; VARIATIONALBON_CRASH_POINTS asks for more. Processes
    /// that are really killed: samples/Cluster.</summary>
    [Fact]
    public async Task Workers_killed_at_random_moments_lose_and_double_nothing()
    {
        int kills = KilledProcess.Points(10),
            killed = 0,
            batches = 0;
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        Func<ClusterWorker> create = () =>
            TableWorld.Worker(beforeBatch: () =>
            {
                Interlocked.Increment(ref batches);
                return Task.Delay(5);
            });
        var silos = new List<InProcessSiloHandle>();
        for (int i = 0; i < 3; i++)
            silos.Add(await fixture.StartAsync(create));
        var lost = new ConcurrentBag<string>();
        await using WorkerCluster cluster = await fixture.ConnectAsync(scorer.Origin, lost.Add);
        var options = Options() with { SamplesPerPrompt = 16 * kills, SamplesPerBlock = 4, PromptsPerBatch = 3 };

        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(
            cluster.Reference,
            TableWorld.Prompts,
            options with
            {
                Store = Path.Combine(_folder, "store.db"),
            }
        );
        var random = new Random(7);
        for (; killed < kills && !estimating.IsCompleted; killed++)
        {
            int next = Volatile.Read(ref batches) + random.Next(1, 6);
            while (Volatile.Read(ref batches) < next && !estimating.IsCompleted)
                await Task.Delay(2);
            int victim = random.Next(silos.Count);
            await fixture.KillAsync(silos[victim]);
            silos[victim] = await fixture.StartAsync(create);
        }

        using ReferenceTable table = await estimating;
        foreach (InProcessSiloHandle silo in silos)
            await fixture.StopAsync(silo);

        Assert.Equal(kills, killed);
        Assert.NotEmpty(lost); // blocks were under way when their worker died
        Assert.Equal(TableWorld.Lines(await ReferenceTable.EstimateAsync(scorer, TableWorld.Prompts, options)), TableWorld.Lines(table));
    }

    [Fact]
    public async Task A_reward_that_throws_on_one_worker_alone_ends_the_call_with_its_name_and_the_block()
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        InProcessSiloHandle good = await fixture.StartAsync(() => TableWorld.Worker());
        InProcessSiloHandle bad = await fixture.StartAsync(() =>
            TableWorld.Worker(reward: _ => throw new InvalidDataException("the disk of this judge is broken"))
        );
        await using (WorkerCluster cluster = await fixture.ConnectAsync(scorer.Origin))
        {
            while (cluster.Workers.Count(worker => worker.Refused is null) < 2)
                await Task.Delay(20);

            var thrown = await Assert.ThrowsAsync<RewardModelException>(() =>
                ReferenceTable.EstimateAsync(cluster.Reference, TableWorld.Prompts, Options() with { SamplesPerPrompt = 64 })
            );

            Assert.Contains(bad.Name, thrown.Message, StringComparison.Ordinal);
            Assert.Contains("the disk of this judge is broken", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("samples ", thrown.Message, StringComparison.Ordinal);
        }

        await fixture.StopAsync(good);
        await fixture.StopAsync(bad);
    }

    [Fact]
    public async Task A_logger_that_throws_ends_no_call()
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        InProcessSiloHandle refused = await fixture.StartAsync(() => TableWorld.Worker(seed: 2));
        InProcessSiloHandle silo = await fixture.StartAsync(() => TableWorld.Worker());
        int told = 0;
        await using (
            WorkerCluster cluster = await fixture.ConnectAsync(
                scorer.Origin,
                _ =>
                {
                    Interlocked.Increment(ref told);
                    throw new InvalidOperationException("the log is full");
                }
            )
        )
        {
            while (!cluster.Workers.Any(worker => worker.Refused is not null))
                await Task.Delay(20);
            await ReferenceTable.EstimateAsync(cluster.Reference, TableWorld.Prompts, Options());
        }

        Assert.Equal(1, told);
        await fixture.StopAsync(refused);
        await fixture.StopAsync(silo);
    }

    [Fact]
    public void A_folder_of_weights_that_others_can_reach_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        var open = Assert.Throws<InvalidOperationException>(() => new VariationalBoN.Orleans.Silos.WeightsCache(_folder, 3));
        string target =
                Directory
                    .CreateDirectory(
                        Path.Combine(_folder, "own"),
                        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                    )
                    .FullName,
            link = Path.Combine(_folder, "link");
        Directory.CreateSymbolicLink(link, target);
        var linked = Assert.Throws<InvalidOperationException>(() => new VariationalBoN.Orleans.Silos.WeightsCache(link, 3));
        _ = new VariationalBoN.Orleans.Silos.WeightsCache(target, 3);

        Assert.Contains("by others", open.Message, StringComparison.Ordinal);
        Assert.Contains("symbolic link", linked.Message, StringComparison.Ordinal);
        Assert.Contains("mode 700", linked.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_whose_models_cannot_be_made_does_not_join()
    {
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() =>
            fixture.StartAsync(() => throw new InvalidDataException("no such model"))
        );

        Assert.Contains("no such model", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_clients_cannot_write_one_store()
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InProcessSiloHandle silo = await fixture.StartAsync(() =>
            TableWorld.Worker(beforeBatch: () =>
            {
                asked.TrySetResult();
                return answer.Task;
            })
        );
        ReferenceTableOptions options = Options() with { Store = Path.Combine(_folder, "store.db") };
        await using (
            WorkerCluster one = await fixture.ConnectAsync(scorer.Origin),
                other = await fixture.ConnectAsync(scorer.Origin)
        )
        {
            Task<ReferenceTable> first = ReferenceTable.EstimateAsync(one.Reference, TableWorld.Prompts, options);
            await asked.Task;

            var thrown = await Assert.ThrowsAsync<IOException>(() =>
                ReferenceTable.EstimateAsync(other.Reference, TableWorld.Prompts, options)
            );

            Assert.Contains(options.Store!, thrown.Message, StringComparison.Ordinal);
            answer.SetResult();
            (await first).Dispose();
        }

        await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task A_block_above_the_limit_of_messages_is_not_sent_and_worker_block_and_limit_are_named()
    {
        var small = new ClusterFixture();
        var policy = new References.WordPolicy([0.5, 0.5]);
        Scorer Scorer() => new(policy, RewardModel.FromFunction(References.WordPolicy.Reward, "words"));
        await small.DeployAsync(() => new ClusterWorker(Scorer()), mostMessageBytes: 1 << 20);
        await using (WorkerCluster cluster = await small.ConnectAsync(Scorer().Origin))
        {
            var thrown = await Assert.ThrowsAsync<ClusterException>(() =>
                cluster.Reference.DrawAsync([new string('x', 600_000)], 2, seed: 1)
            );
            ScoredBatch large = await cluster.Reference.DrawAsync([new string('x', 1000)], 20_000, seed: 1); // results are read in pieces

            Assert.Contains(cluster.Workers.Single().Name, thrown.Message, StringComparison.Ordinal);
            Assert.Contains("samples 0 to 1 of 1 prompts", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("MaxMessageBodySize", thrown.Message, StringComparison.Ordinal);
            Assert.Equal(20_000, large.Count);
        }

        await small.DisposeAsync();
    }

    [Fact]
    public async Task Devices_of_one_silo_draw_at_once()
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        int now = 0,
            most = 0;
        Func<Task> slow = async () =>
        {
            int here = Interlocked.Increment(ref now);
            InterlockedMax(ref most, here);
            await Task.Delay(10);
            Interlocked.Decrement(ref now);
        };
        InProcessSiloHandle silo = await fixture.StartAsync(
            () => TableWorld.Worker(beforeBatch: slow),
            options => options with { Devices = 2 }
        );
        await using (WorkerCluster cluster = await fixture.ConnectAsync(scorer.Origin))
            await ReferenceTable.EstimateAsync(cluster.Reference, TableWorld.Prompts, Options() with { SamplesPerPrompt = 32 });

        Assert.Equal(2, most); // one block at a time each
        await fixture.StopAsync(silo);
    }

    private static ReferenceTableOptions Options() =>
        new()
        {
            SamplesPerPrompt = 8,
            Seed = 3,
            SamplesPerBlock = 4,
            PromptsPerBatch = 4,
            BatchesAtOnce = 8,
        };

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value)
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
