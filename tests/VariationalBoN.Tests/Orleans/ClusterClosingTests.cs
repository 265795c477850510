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
    public async Task A_worker_drops_a_block_that_nobody_asks_for_and_keeps_one_that_is_asked_for()
    {
        await using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var device = new WorkerDevice(Endless(), new WeightsCache(fixture.WeightsFolder, 3), serializer);
        var blocks = new RunningBlocks([device], TimeSpan.FromSeconds(2));
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

    private ClusterWorker Endless()
    {
        TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        Scorer scorer = TableWorld.Scorer(
            reference,
            beforeBatch: async stop =>
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
            }
        );
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
