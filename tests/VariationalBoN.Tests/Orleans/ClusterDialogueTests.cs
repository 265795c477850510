using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using VariationalBoN.Orleans;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Tests.Orleans;

/// <summary>What a client does with the answers of workers, which these tests give: no silo is there.</summary>
[Trait("Tier", "torch")]
public sealed class ClusterDialogueTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
    private static readonly WorkerClusterOptions s_options = new() { BlocksPerDevice = 1, MostMessageBytes = 1 << 20 };

    [Fact]
    public async Task A_block_whose_last_call_to_begin_failed_is_forgotten_at_the_worker()
    {
        using var stop = new CancellationTokenSource();
        var worker = new FakeWorker("one")
        {
            OnBegin = async _ =>
            {
                await stop.CancelAsync();
                throw new TimeoutException("the answer did not come");
            },
        };

        await new BlockDialogue(worker.Link, 0, Work(stop: stop.Token), s_options).RunAsync(CancellationToken.None).WaitAsync(s_soon);

        Assert.Single(worker.Forgotten);
    }

    [Fact]
    public async Task A_block_that_a_call_to_begin_may_still_reach_is_forgotten_after_it()
    {
        var late = new TaskCompletionSource<BeginAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        var worker = new FakeWorker("one") { OnBegin = _ => late.Task };
        Task running = new BlockDialogue(worker.Link, 0, Work(stop: stop.Token), s_options).RunAsync(CancellationToken.None);

        await stop.CancelAsync();
        bool isEarly = !worker.Forgotten.IsEmpty;
        late.SetResult(BeginAnswer.Begun);
        await running.WaitAsync(s_soon);

        Assert.False(isEarly);
        Assert.Single(worker.Forgotten);
    }

    [Fact]
    public async Task A_result_whose_piece_failed_is_read_on_from_there()
    {
        byte[] result = [.. Enumerable.Range(0, 10).Select(i => (byte)i)];
        var asked = new List<int>();
        int polls = 0;
        var worker = new FakeWorker("one")
        {
            OnPoll = () =>
            {
                polls++;
                return Task.FromResult(
                    new PollAnswer
                    {
                        State = BlockState.Done,
                        Length = 10,
                        Bytes = result[..4],
                    }
                );
            },
            OnRead = (offset, _) =>
            {
                asked.Add(offset);
                return asked.Count == 2
                    ? throw new TimeoutException("the answer did not come")
                    : Task.FromResult<byte[]?>(result[offset..(offset + 2)]);
            },
        };
        BlockWork work = Work();

        await new BlockDialogue(worker.Link, 0, work, s_options).RunAsync(CancellationToken.None).WaitAsync(s_soon);

        Assert.Equal(result, await work.Result);
        Assert.Equal([4, 6, 6, 8], asked);
        Assert.Equal(1, polls);
    }

    [Fact]
    public async Task A_cancellation_of_the_worker_is_told_with_its_name()
    {
        var worker = new FakeWorker("one") { OnPoll = () => throw new TaskCanceledException("a time limit of the judge") };
        BlockWork work = Work();

        await new BlockDialogue(worker.Link, 0, work, s_options).RunAsync(CancellationToken.None).WaitAsync(s_soon);

        var thrown = await Assert.ThrowsAsync<ClusterException>(() => work.Result);
        Assert.Contains("The worker one (process 1 on machine) failed at a block", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("a time limit of the judge", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_cannot_be_used_is_told_with_its_worker()
    {
        BlockWork work = Work();
        await new BlockDialogue(FakeWorker.Done("one", [1]).Link, 0, work, s_options).RunAsync(CancellationToken.None).WaitAsync(s_soon);

        var thrown = Assert.Throws<ClusterException>(() => work.Use<int>(() => throw new ArgumentException("it has come before")));

        Assert.Contains("The worker one (process 1 on machine)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("it has come before", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_the_turn_at_a_machine_is_no_silence_of_the_worker()
    {
        var machines = new MachineTurns();
        var worker = new FakeWorker("one");
        var weights = new PublishedWeights(new WeightsVersion(1, "digest", "policy"), "no such file", machines);
        int heard = 0;
        IDisposable turn = await machines.WaitAsync(worker.Description, CancellationToken.None);
        Task sending = weights.SendAsync(worker.Link, 1, () => heard++, CancellationToken.None);
        Assert.Equal((0, false), (heard, sending.IsCompleted));

        turn.Dispose();
        await sending.WaitAsync(s_soon);

        Assert.Equal(1, heard);
    }

    [Theory]
    [InlineData("leaving", true)]
    [InlineData("left", true)]
    [InlineData("waits", true)]
    [InlineData("dies", false)]
    public async Task Only_workers_that_die_at_a_block_count_against_it(string what, bool isDone)
    {
        const int Lost = 6; // one more than MostLosses
        var cluster = new FakeCluster();
        await using var watch = new WorkerWatch(cluster.Client, s_options);
        await using var pool = new BlockPool(watch, _ => null, s_options, new ClusterLog(null));
        BlockWork work = Work();
        Task<byte[]> running = pool.RunAsync(work);
        for (int i = 0; i < Lost && !running.IsCompleted; i++)
        {
            string name = $"worker {i}";
            var polled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            cluster.Add(
                name,
                new FakeWorker(name)
                {
                    OnBegin = _ => Task.FromResult(what == "waits" ? BeginAnswer.Waits : BeginAnswer.Begun),
                    OnPoll = async () =>
                    {
                        await Task.Delay(20);
                        polled.TrySetResult();
                        return new PollAnswer
                        {
                            State =
                                what == "leaving" ? BlockState.Leaving
                                : what == "waits" ? BlockState.Waiting
                                : BlockState.Running,
                        };
                    },
                }
            );
            await polled.Task.WaitAsync(s_soon);
            await Task.Delay(50);
            cluster.Remove(name, isLeaving: what == "left");
            while (watch.Workers.Any(worker => worker.Address == name))
                await Task.Delay(20);
        }

        if (isDone)
        {
            cluster.Add("last", FakeWorker.Done("last", [7]));
            Assert.Equal([7], await running.WaitAsync(s_soon));
            Assert.Empty(work.LostWith);
        }
        else
        {
            var thrown = await Assert.ThrowsAsync<ClusterException>(() => running.WaitAsync(s_soon));
            Assert.Contains("was given to 5 workers", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("worker 4", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_worker_that_was_given_up_twice_is_there_once()
    {
        var cluster = new FakeCluster();
        cluster.Add("one", new FakeWorker("one"));
        await using var watch = new WorkerWatch(cluster.Client, s_options);
        WorkerLink first = await OneAsync(null);
        watch.GiveUp(first, isLeaving: false);
        WorkerLink second = await OneAsync(first);

        watch.GiveUp(first, isLeaving: false); // by another block
        await Task.Delay(TimeSpan.FromSeconds(1.5)); // three looks

        Assert.Same(second, Assert.Single(watch.Workers));
        Assert.False(second.Gone.IsCancellationRequested);

        async Task<WorkerLink> OneAsync(WorkerLink? not)
        {
            while (watch.Workers.IsEmpty || watch.Workers[0] == not)
                await Task.Delay(20);
            return watch.Workers[0];
        }
    }

    [Fact]
    public void Lost_blocks_go_first_then_gradients_then_draws()
    {
        BlockWork draw = Work(),
            gradient = Work(BlockKind.Gradient),
            later = Work(BlockKind.Gradient),
            lost = Work(BlockKind.Rollout);
        lost.IsAgain = true;

        Assert.Equal([lost, gradient, later, draw], new[] { draw, later, gradient, lost }.Order(BlockWork.Order));
    }

    [Theory]
    [InlineData(true, false, "those of the worker first ")]
    [InlineData(false, true, "those of the client: ")]
    public void A_refusal_for_other_bits_names_whose_bits_were_agreed(bool isOriginTold, bool isExecutionTold, string named)
    {
        WorkerDescription first = new FakeWorker("first").Description,
            second = new FakeWorker("second").Description with { Execution = new ModelIdentity("another processor").ToJson() };
        var agreement = new ClusterAgreement(
            new WorkerClusterOptions
            {
                Origin = isOriginTold ? first.Origin : null,
                Execution = isExecutionTold ? TorchRuntime.Execution : null,
            }
        );

        Assert.Null(agreement.RefusalOf(first));
        Assert.Contains(named, agreement.RefusalOf(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_learner_that_cannot_read_its_own_file_says_so()
    {
        string folder = Directory.CreateTempSubdirectory("vbon-folder-").FullName; // no file
        try
        {
            var weights = new PublishedWeights(new WeightsVersion(3, "digest", "policy"), folder, new MachineTurns());
            var worker = new FakeWorker("one") { HasWeights = false };

            var thrown = await Assert.ThrowsAsync<ClusterException>(() => weights.SendAsync(worker.Link, 1, () => { }, default));

            Assert.Contains("The learner cannot read its own file", thrown.Message, StringComparison.Ordinal);
            Assert.Contains(folder, thrown.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    [Fact]
    public void A_client_of_its_own_leaves_signals_to_the_program()
    {
        using IHost host = WorkerCluster.HostOf(client => client.UseLocalhostClustering());

        Assert.IsNotType<ConsoleLifetime>(host.Services.GetService(typeof(IHostLifetime)));
    }

    [Fact]
    public void The_name_of_the_loss_that_every_worker_has_is_refused()
    {
        using var reference = TableWorld.Reference();

        var thrown = Assert.Throws<ArgumentException>(() =>
            new ClusterWorker(TableWorld.Scorer(reference))
            {
                Losses = new Dictionary<string, GradientLoss> { ["VariationalBoN.ScoreFunction"] = TrainedWorld.Loss },
            }
        );

        Assert.Contains("VariationalBoN.ScoreFunction", thrown.Message, StringComparison.Ordinal);
    }

    private static BlockWork Work(BlockKind kind = BlockKind.Reference, CancellationToken stop = default) =>
        new(kind, "a block", [1], null, stop);
}
