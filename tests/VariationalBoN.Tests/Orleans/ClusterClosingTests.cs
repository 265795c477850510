using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.TestingHost;
using VariationalBoN.Orleans;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Orleans.Silos;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Orleans;

/// <summary>No work goes on for nobody, and nothing keeps a silo from stopping.</summary>
[Trait("Tier", "torch")]
[Collection(nameof(OrleansTests))]
public sealed class ClusterClosingTests(ClusterFixture fixture)
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30); // far below AbandonedAfter, 2 minutes
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously),
        _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Theory]
    [InlineData("cluster")]
    [InlineData("learner")]
    [InlineData("call")]
    public async Task Blocks_under_way_end_at_the_worker_when_nobody_waits_for_them(string closed)
    {
        using TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        using ClusterWorker own = TrainedWorld.Worker(reference, policy);
        InProcessSiloHandle silo = await fixture.StartAsync(Endless);
        await using WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin);
        await using ClusterLearner learner = cluster.CreateLearner(own);
        learner.Publish();
        using var stop = new CancellationTokenSource();
        Task drawing =
            closed == "learner"
                ? learner.RolloutsAsync(TableWorld.Prompts, 1, seed: 1, stop.Token)
                : cluster.Reference.DrawAsync(TableWorld.Prompts, 1, seed: 1, stop.Token);
        await _asked.Task.WaitAsync(s_soon);

        await (
            closed switch
            {
                "cluster" => cluster.DisposeAsync().AsTask(),
                "learner" => learner.DisposeAsync().AsTask(),
                _ => stop.CancelAsync(),
            }
        );

        await _ended.Task.WaitAsync(s_soon); // at the worker
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => drawing.WaitAsync(s_soon));
        Assert.True(thrown is ObjectDisposedException == (closed != "call"), thrown.ToString());
        if (closed == "cluster")
            await Assert.ThrowsAsync<ObjectDisposedException>(() =>
                cluster.Reference.DrawAsync(TableWorld.Prompts, 1, seed: 1).WaitAsync(s_soon)
            );
        await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task A_block_that_was_forgotten_is_not_begun_by_a_call_that_came_late()
    {
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        (WorkerDevice device, BeginRequest begin) = Block(Endless(), services);
        var blocks = new RunningBlocks([device], TimeSpan.FromSeconds(1));

        blocks.Forget(begin.Ticket);
        blocks.Begin(begin);

        Assert.Equal(BlockState.Unknown, (await blocks.PollAsync(begin.Ticket, 0, 1)).State);
        await device.CloseAsync().WaitAsync(s_soon); // nothing is under way
        Assert.False(_asked.Task.IsCompleted);
    }

    [Fact]
    public async Task A_block_waits_for_its_device_and_says_so()
    {
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        (WorkerDevice device, BeginRequest begin) = Block(Endless(), services);
        BeginRequest next = begin with { Ticket = Guid.NewGuid() };
        var blocks = new RunningBlocks([device], TimeSpan.FromMinutes(2));

        Assert.Equal(BeginAnswer.Begun, blocks.Begin(begin));
        Assert.Equal(BeginAnswer.Waits, blocks.Begin(next));
        Assert.Equal(BlockState.Waiting, (await blocks.PollAsync(next.Ticket, 0, 1)).State);
        Task<PollAnswer> polling = blocks.PollAsync(next.Ticket, 60_000, 1);
        blocks.Forget(begin.Ticket);

        Assert.Equal(BlockState.Running, (await polling.WaitAsync(s_soon)).State); // at once, not after a minute
        blocks.Close();
        await device.CloseAsync().WaitAsync(s_soon);
    }

    /// <summary>What a judge registers with its token may take its time, or throw.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_judge_does_when_it_is_cancelled_does_not_hold_up_or_end_who_forgets_the_block(bool isSlow)
    {
        using var go = new ManualResetEventSlim();
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        ClusterWorker worker = Judged(async stop =>
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            stop.Register(() => ended.TrySetResult());
            stop.Register(() =>
            {
                if (!isSlow)
                    throw new InvalidDataException("a callback of the judge");
                go.Wait();
            });
            _asked.TrySetResult();
            await ended.Task;
            stop.ThrowIfCancellationRequested();
        });
        (WorkerDevice device, BeginRequest begin) = Block(worker, services);
        var blocks = new RunningBlocks([device], TimeSpan.FromMinutes(2));
        blocks.Begin(begin);
        await _asked.Task.WaitAsync(s_soon);

        await Task.Run(() => blocks.Forget(begin.Ticket)).WaitAsync(s_soon);

        go.Set();
        await device.CloseAsync().WaitAsync(s_soon);
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_failure_of_the_block()
    {
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        (WorkerDevice device, BeginRequest begin) = Block(
            Judged(_ => throw new OperationCanceledException("a time limit of the judge")),
            services
        );
        var blocks = new RunningBlocks([device], TimeSpan.FromMinutes(2));
        blocks.Begin(begin);

        PollAnswer answer = await blocks.PollAsync(begin.Ticket, 30_000, 1);
        if (answer.State == BlockState.Waiting)
            answer = await blocks.PollAsync(begin.Ticket, 30_000, 1);

        Assert.Equal(BlockState.Failed, answer.State);
        Assert.Contains("a time limit of the judge", answer.Message, StringComparison.Ordinal);
        await device.CloseAsync().WaitAsync(s_soon);
    }

    [Fact]
    public async Task A_learner_of_a_cluster_that_is_disposed_of_is_refused_and_leaves_no_folder()
    {
        using TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        using ClusterWorker own = TrainedWorld.Worker(reference, policy);
        InProcessSiloHandle silo = await fixture.StartAsync(TrainedWorld.Worker);
        WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin);
        await cluster.DisposeAsync();
        string[] before = Published();

        Assert.Throws<ObjectDisposedException>(() => cluster.CreateLearner(own));

        Assert.Equal(before, Published());
        await fixture.StopAsync(silo);

        static string[] Published() => [.. Directory.GetDirectories(Path.GetTempPath(), "variationalbon-published-*").Order()];
    }

    [Fact]
    public async Task A_worker_that_cannot_be_described_is_disposed_of()
    {
        bool isDisposed = false;

        await Assert.ThrowsAnyAsync<Exception>(() =>
            fixture.StartAsync(() =>
            {
                TabularPolicy theirs = TableWorld.Reference();
                return new ClusterWorker(TableWorld.Scorer(theirs))
                {
                    Parameters = [("nothing", null!)], // no shape
                    Owned = [theirs, new Told(() => isDisposed = true)],
                };
            })
        );

        Assert.True(isDisposed);
    }

    [Theory]
    [InlineData("parameter", "published parameter 0 is \"table Float64")]
    [InlineData("loss", "the loss \"score function\" is")]
    [InlineData("policy", "the policy of device 0 and of device 1: ")]
    public async Task Devices_that_differ_are_refused_with_what_differs(string what, string named)
    {
        int made = 0;
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() =>
            fixture.StartAsync(
                () =>
                {
                    bool isOther = made++ == 1;
                    TabularPolicy theirs = TableWorld.Reference();
                    TabularPolicy policy = isOther && what == "policy" ? new TabularPolicy(TableWorld.Prompts, 5, 3) : theirs.Clone();
                    return TrainedWorld.Worker(
                        theirs,
                        policy,
                        loss: isOther && what == "loss" ? (logProb, _, _) => logProb.mean() : null,
                        parameter: isOther && what == "parameter" ? "table" : "logits"
                    );
                },
                options => options with { Devices = 2 }
            )
        );

        Assert.Contains("Device 1 of the silo", thrown.ToString(), StringComparison.Ordinal);
        Assert.Contains(named, thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Published_weights_of_which_a_piece_is_missing_are_refused_and_others_are_found()
    {
        byte[] bytes = [1, 2, 3, 4, 5];
        string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        var cache = new WeightsCache(fixture.WeightsFolder, 3);
        Guid broken = Guid.NewGuid(),
            whole = Guid.NewGuid();
        cache.Put(new WeightPiece(digest, broken, 0, 5, bytes[..2]));

        var thrown = Assert.Throws<InvalidDataException>(() => cache.Put(new WeightPiece(digest, broken, 3, 5, bytes[3..])));
        cache.Put(new WeightPiece(digest, whole, 0, 5, bytes[..2]));
        cache.Put(new WeightPiece(digest, whole, 2, 5, bytes[2..]));

        Assert.Contains("begins at 3, and 2 bytes", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(cache.Find(digest)!));
        Guid changed = Guid.NewGuid();
        cache.Put(new WeightPiece(digest, changed, 0, 5, bytes[..2]));
        Assert.Throws<InvalidDataException>(() => cache.Put(new WeightPiece(digest, changed, 2, 5, [3, 4, 6])));
        File.Delete(cache.Find(digest)!);
        foreach (string part in Directory.GetFiles(fixture.WeightsFolder, $"{digest}*"))
            File.Delete(part);
    }

    [Fact]
    public async Task A_worker_drops_a_block_that_nobody_asks_for_and_keeps_one_that_is_asked_for()
    {
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        (WorkerDevice device, BeginRequest begin) = Block(Endless(), services);
        var blocks = new RunningBlocks([device], TimeSpan.FromSeconds(2));
        Assert.Equal(BeginAnswer.Begun, blocks.Begin(begin));
        await _asked.Task.WaitAsync(s_soon);

        await Task.Delay(TimeSpan.FromSeconds(1.5));
        PollAnswer asked = await blocks.PollAsync(begin.Ticket, 0, 1);
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        blocks.ForgetAbandoned(); // 1.5 seconds after it was asked for
        bool isKept = !_ended.Task.IsCompleted;
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        blocks.ForgetAbandoned();

        await _ended.Task.WaitAsync(s_soon);
        Assert.Equal((BlockState.Running, true), (asked.State, isKept));
        Assert.Equal(BlockState.Unknown, (await blocks.PollAsync(begin.Ticket, 0, 1)).State);
        await device.CloseAsync();
    }

    [Fact]
    public async Task A_judge_that_never_ends_does_not_keep_a_silo_from_stopping()
    {
        var answer = new TaskCompletionSource();
        var disposed = new TaskCompletionSource();
        using TabularPolicy reference = TableWorld.Reference();
        InProcessSiloHandle silo = await fixture.StartAsync(
            () =>
            {
                TabularPolicy theirs = TableWorld.Reference();
                Scorer scorer = TableWorld.Scorer(
                    theirs,
                    beforeBatch: _ =>
                    {
                        _asked.TrySetResult();
                        return answer.Task; // whatever the token says
                    }
                );
                return new ClusterWorker(scorer) { Owned = [theirs, new Told(disposed.SetResult)] };
            },
            options => options with { StopWithin = TimeSpan.FromSeconds(1) }
        );
        await using (WorkerCluster cluster = await fixture.ConnectAsync(TableWorld.Scorer(reference).Origin))
        {
            Task drawing = cluster.Reference.DrawAsync(TableWorld.Prompts, 1, seed: 1);
            await _asked.Task.WaitAsync(s_soon);

            await fixture.StopAsync(silo).WaitAsync(s_soon);

            Assert.False(disposed.Task.IsCompleted); // models that are in use
            answer.SetResult();
            await disposed.Task.WaitAsync(s_soon);
            await cluster.DisposeAsync();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => drawing);
        }
    }

    /// <summary>A device, and one block for it.</summary>
    private (WorkerDevice Device, BeginRequest Begin) Block(ClusterWorker worker, ServiceProvider services)
    {
        var serializer = services.GetRequiredService<Serializer>();
        var request = new DrawRequest
        {
            Prompts = [PromptMessage.Of(TableWorld.Prompts[0])],
            Samples = 1,
            Seed = 1,
            Purpose = 0,
            FirstSample = 0,
        };
        var begin = new BeginRequest
        {
            Ticket = Guid.NewGuid(),
            Device = 0,
            Kind = BlockKind.Reference,
            Payload = serializer.SerializeToArray(request),
        };
        return (new WorkerDevice(worker, new WeightsCache(fixture.WeightsFolder, 3), serializer), begin);
    }

    private ClusterWorker Endless() =>
        Judged(async stop =>
        {
            _asked.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            finally
            {
                _ended.TrySetResult();
            }
        });

    private static ClusterWorker Judged(Func<CancellationToken, Task> beforeBatch)
    {
        TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        Scorer scorer = TableWorld.Scorer(reference, beforeBatch: beforeBatch);
        return new ClusterWorker(scorer)
        {
            Policy = policy,
            Parameters = [("logits", policy.Logits)],
            Losses = new Dictionary<string, GradientLoss> { [TrainedWorld.LossName] = TrainedWorld.Loss },
            Owned = [policy, reference],
        };
    }

    private sealed class Told(Action disposed) : IDisposable
    {
        public void Dispose() => disposed();
    }
}
