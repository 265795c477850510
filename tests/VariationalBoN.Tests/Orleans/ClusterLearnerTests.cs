using System.Collections.Concurrent;
using Orleans.TestingHost;
using TorchSharp;
using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Orleans;

/// <summary>Rollouts with published weights, and gradients that workers compute.</summary>
[Trait("Tier", "torch")]
[Collection(nameof(OrleansTests))]
public sealed class ClusterLearnerTests(ClusterFixture fixture) : IAsyncLifetime
{
    private const int K = 4;
    private readonly TabularPolicy _reference = TableWorld.Reference(),
        _policy = TableWorld.Reference().Clone();
    private readonly List<InProcessSiloHandle> _silos = [];
    private volatile Task _judging = Task.CompletedTask; // what the judges of the workers wait for

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 2; i++)
            _silos.Add(await fixture.StartAsync(() => TrainedWorld.Worker(stop => _judging.WaitAsync(stop))));
    }

    public async Task DisposeAsync()
    {
        foreach (InProcessSiloHandle silo in _silos)
            await fixture.StopAsync(silo);
        _reference.Dispose();
        _policy.Dispose();
    }

    [Fact]
    public async Task A_loop_over_a_cluster_is_that_of_one_process_to_the_last_bit()
    {
        const int Steps = 5;
        Scorer scorer = TableWorld.Scorer(_reference);
        using TabularPolicy alone = _policy.Clone();
        await using WorkerCluster cluster = await fixture.ConnectAsync(scorer.Origin);
        await using ClusterLearner learner = cluster.CreateLearner(Own(), new() { PromptsPerBlock = 4 });
        using var adam = new Adam(_policy.Parameters, 0.1);
        using var other = new Adam(alone.Parameters, 0.1);
        for (int step = 0; step < Steps; step++)
        {
            Assert.Equal(step + 1, learner.Publish());
            ClusterRollouts rollouts = await learner.RolloutsAsync(TableWorld.Prompts, K, step);
            double[] targets = Targets(rollouts.Scored);
            adam.ZeroGrad();
            AccumulatedLoss loss =
                step % 2 == 0
                    ? await learner.BackwardAsync(rollouts, targets, 16)
                    : await learner.BackwardAsync(
                        rollouts.Scored,
                        16,
                        ScoreFunction.Average,
                        TrainedWorld.LossName,
                        new Dictionary<string, double[]> { ["targets"] = targets }
                    );
            adam.Step();

            var source = new PolicyCompletionSource(alone, scorer);
            var drawn = new List<(DrawBlock, ScoredBatch)>();
            foreach (DrawBlock block in DrawBlock.Cut(TableWorld.Prompts, K, 0, 4, 256))
                drawn.Add((block, await block.DrawAsync(source, step)));
            ScoredBatch scored = DrawBlock.Join(K, drawn);
            other.ZeroGrad();
            AccumulatedLoss expected = GradientAccumulation.Backward(
                alone,
                scored,
                16,
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(targets), part.Groups)
            );
            other.Step();

            Assert.Equal(scored.Drawn.AsEnumerable(), rollouts.Scored.Drawn.AsEnumerable(), Same);
            Assert.Equal(step + 1, rollouts.Version);
            Assert.Equal(expected.Value, loss.Value);
            Assert.Equal(expected.LogProb.AsEnumerable(), loss.LogProb.AsEnumerable());
            Assert.Equal(loss.LogProb.Select(value => Math.Round(value, 9)), rollouts.LogProb.Select(value => Math.Round(value, 9)));
            Assert.Equal(alone.LogitValues(), _policy.LogitValues());
        }

        Assert.NotEqual(_reference.LogitValues(), _policy.LogitValues());
        Assert.True(Directory.GetFiles(fixture.WeightsFolder).Length <= 3); // the workers share them, and old ones are taken away
    }

    [Fact]
    public async Task Rollouts_that_are_too_old_are_refused_unless_an_option_allows_them()
    {
        Scorer scorer = TableWorld.Scorer(_reference);
        await using WorkerCluster cluster = await fixture.ConnectAsync(scorer.Origin);
        await using ClusterLearner strict = cluster.CreateLearner(Own());
        await using ClusterLearner lenient = cluster.CreateLearner(Own(), new() { MaxStaleness = 1 });
        strict.Publish();
        lenient.Publish();
        ClusterRollouts first = await strict.RolloutsAsync(TableWorld.Prompts, K, 1),
            allowed = await lenient.RolloutsAsync(TableWorld.Prompts, K, 1);
        Assert.Equal(1, strict.Publish()); // nothing has changed
        Move();

        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            strict.BackwardAsync(first.Scored, 16, ScoreFunction.Average, TrainedWorld.LossName)
        );
        Assert.Equal(2, strict.Publish());
        lenient.Publish();
        string refused = Assert.Throws<InvalidOperationException>(() => strict.RequireFresh(first)).Message;
        string refusedToo = (
            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                strict.BackwardAsync(first, 16, ScoreFunction.Average, TrainedWorld.LossName)
            )
        ).Message; // also with the weights published
        await lenient.BackwardAsync(
            allowed,
            16,
            ScoreFunction.Average,
            TrainedWorld.LossName,
            new Dictionary<string, double[]> { ["targets"] = Targets(allowed.Scored) }
        );
        _policy.Logits.grad = null;
        Assert.Equal(refused, refusedToo);

        Assert.Contains("version 1", refused, StringComparison.Ordinal);
        Assert.Contains("MaxStaleness", refused, StringComparison.Ordinal);
        // exactly that version
        Assert.Equal(
            _reference.LogProbValues(first.Scored.Completions).Select(value => Math.Round(value, 9)),
            first.LogProb.Select(value => Math.Round(value, 9))
        );
        // under way
        var judging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _judging = judging.Task;
        Task<ClusterRollouts> refusedLater = strict.RolloutsAsync(TableWorld.Prompts, K, 2),
            allowedLater = lenient.RolloutsAsync(TableWorld.Prompts, K, 2);
        Move();
        strict.Publish();
        lenient.Publish();
        judging.SetResult();
        await Assert.ThrowsAsync<InvalidOperationException>(() => refusedLater);
        Assert.Equal(2, (await allowedLater).Version);
        ClusterRollouts second = await strict.RolloutsAsync(TableWorld.Prompts, K, 1);
        Assert.Equal(
            _policy.LogProbValues(second.Scored.Completions).Select(value => Math.Round(value, 9)),
            second.LogProb.Select(value => Math.Round(value, 9))
        );
    }

    [Fact]
    public async Task A_loss_that_is_not_registered_is_named_with_those_that_are()
    {
        await using WorkerCluster cluster = await fixture.ConnectAsync(TableWorld.Scorer(_reference).Origin);
        await using ClusterLearner learner = cluster.CreateLearner(Own());
        learner.Publish();
        ClusterRollouts rollouts = await learner.RolloutsAsync(TableWorld.Prompts, K, 1);

        var thrown = await Assert.ThrowsAsync<ArgumentException>(() =>
            learner.BackwardAsync(rollouts.Scored, 16, ScoreFunction.Average, "other")
        );

        Assert.Contains("\"other\"", thrown.Message, StringComparison.Ordinal);
        Assert.Contains($"\"{TrainedWorld.LossName}\"", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>24 parts and 4 hands: while the first part is computed,
    /// at most 8 parts are asked for, of which one waits behind it.</summary>
    [Fact]
    public async Task Parts_are_asked_for_only_as_far_as_the_first_one_that_is_missing_allows()
    {
        var seen = new ConcurrentDictionary<int, int>();
        using var first = new ManualResetEventSlim();
        ClusterWorker Slow() =>
            TrainedWorld.Worker(
                (logProb, part, numbers) =>
                {
                    seen[part.Index] = numbers["targets"].Length;
                    if (part.Index == 0)
                        first.Wait(TimeSpan.FromMinutes(1));
                    return TrainedWorld.Loss(logProb, part, numbers);
                },
                "slow"
            );
        InProcessSiloHandle[] slow = [await fixture.StartAsync(Slow), await fixture.StartAsync(Slow)];
        using ClusterWorker own = Slow();
        await using (WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin))
        await using (ClusterLearner learner = cluster.CreateLearner(own))
        {
            learner.Publish();
            ClusterRollouts rollouts = await learner.RolloutsAsync(TableWorld.Prompts, K, 1);
            while (cluster.Workers.Length < 4)
                await Task.Delay(20);
            double[] targets = Targets(rollouts.Scored);
            var numbers = new Dictionary<string, double[]> { ["targets"] = targets };
            Task<AccumulatedLoss> computing = learner.BackwardAsync(rollouts, K, ScoreFunction.Average, TrainedWorld.LossName, numbers);
            while (seen.Count < 7)
                await Task.Delay(20);
            await Task.Delay(500);
            int[] asked = [.. seen.Keys];
            first.Set();
            AccumulatedLoss made = await computing;

            Assert.Equal(7, asked.Length);
            Assert.True(asked.Max() < 8);
            Assert.Equal(24, seen.Count);
            Assert.All(seen.Values, length => Assert.Equal(K, length)); // its rows alone
            AccumulatedLoss expected = GradientAccumulation.Backward(
                own.Policy!,
                rollouts.Scored,
                K,
                ScoreFunction.Average,
                (logProb, part) => TrainedWorld.Loss(logProb, part, numbers)
            );
            Assert.Equal(expected.Value, made.Value);
            Assert.Equal(expected.LogProb.AsEnumerable(), made.LogProb.AsEnumerable());
        }

        foreach (InProcessSiloHandle silo in slow)
            await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task A_worker_without_a_policy_or_with_other_parameters_computes_nothing()
    {
        InProcessSiloHandle none = await fixture.StartAsync(() => TableWorld.Worker());
        var said = new ConcurrentBag<string>();
        await using (WorkerCluster cluster = await fixture.ConnectAsync(TableWorld.Scorer(_reference).Origin, said.Add))
        {
            while (cluster.Workers.Length < 3)
                await Task.Delay(20);
            await using ClusterLearner learner = cluster.CreateLearner(Own());
            await using ClusterLearner other = cluster.CreateLearner(Own("table"));
            learner.Publish();
            await learner.RolloutsAsync(TableWorld.Prompts, K, 1);

            Assert.Contains(
                said,
                text => text.Contains(none.Name, StringComparison.Ordinal) && text.Contains("no policy", StringComparison.Ordinal)
            );
            Assert.Contains(
                said,
                text =>
                    text.Contains("\"table Float64", StringComparison.Ordinal)
                    && text.Contains("\"logits Float64", StringComparison.Ordinal)
            );
        }

        await fixture.StopAsync(none);
    }

    /// <summary>What the learner trains; the test disposes of it.</summary>
    private ClusterWorker Own(string parameter = "logits") => TrainedWorld.Worker(_reference, _policy, parameter: parameter);

    private static double[] Targets(ScoredBatch scored) => [.. scored.Select(item => item.LogReference + (0.1 * item.Reward))];

    private static bool Same(ScoredSample one, ScoredSample two) =>
        (one.Reward, one.LogReference, one.Completion.Text, one.Completion.Prompt)
            == (two.Reward, two.LogReference, two.Completion.Text, two.Completion.Prompt)
        && one.Completion.Tokens.SequenceEqual(two.Completion.Tokens)
        && one.Completion.PromptTokens.SequenceEqual(two.Completion.PromptTokens)
        && one.Completion.FinishReason == two.Completion.FinishReason;

    private void Move()
    {
        using var noGradient = torch.no_grad();
        using Scalar half = 0.5;
        _policy.Logits.mul_(half);
    }
}
