using System.Collections.Concurrent;
using System.Collections.Immutable;
using Orleans.TestingHost;
using VariationalBoN.Orleans;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.Orleans;

/// <summary>Workers that differ are refused by name before they draw, and others go on; a call fails where none is left.</summary>
[Trait("Tier", "torch")]
[Collection(nameof(OrleansTests))]
public sealed class ClusterRefusalTests(ClusterFixture fixture)
{
    private int _judged; // by workers that differ

    /// <summary>Differences that a process of its own would have are told by its silo:
    /// of this library's version and of the execution.</summary>
    [Theory]
    [InlineData("weights", "reference policy", "sha256")]
    [InlineData("judge", "another judge", "judge")]
    [InlineData("way of scoring", "truncated", "same models and settings")]
    [InlineData("library", "0.0.1-old", "Update both together")]
    [InlineData("threads", "threads", "set AnyExecution")]
    [InlineData("kernels", "kernels", "set AnyExecution")]
    public async Task A_worker_that_differs_is_refused_by_name_before_it_draws(string what, string named, string also)
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        Func<ClusterWorker> create = what switch
        {
            "weights" => () => TableWorld.Worker(seed: 2, reward: Counted),
            "judge" => () => TableWorld.Worker(judge: "another judge", reward: Counted),
            "way of scoring" => CutOff,
            _ => () => TableWorld.Worker(reward: Counted),
        };
        Func<WorkerDescription, WorkerDescription>? told = what switch
        {
            "library" => worker => worker with { Library = "0.0.1-old" },
            "threads" or "kernels" => worker => worker with { Execution = With(TorchRuntime.Execution, what, "others").ToJson() },
            _ => null,
        };
        var said = new ConcurrentBag<string>();
        InProcessSiloHandle good = await fixture.StartAsync(() => TableWorld.Worker()),
            other = await fixture.StartAsync(create, told: told);

        await using (WorkerCluster cluster = await ConnectAsync(scorer.Origin, said.Add))
        {
            using ReferenceTable table = await ReferenceTable.EstimateAsync(cluster.Reference, TableWorld.Prompts, 8, seed: 3);
            while (cluster.Workers.Length < 2)
                await Task.Delay(20);

            Assert.Equal(
                TableWorld.Lines(await ReferenceTable.EstimateAsync(scorer, TableWorld.Prompts, 8, seed: 3)),
                TableWorld.Lines(table)
            );
            Assert.NotNull(cluster.Workers.Single(worker => worker.Name.StartsWith($"{other.Name} ", StringComparison.Ordinal)).Refused);
            string message = Assert.Single(said);
            Assert.Contains(other.Name, message, StringComparison.Ordinal);
            Assert.Contains(named, message, StringComparison.Ordinal);
            Assert.Contains(also, message, StringComparison.Ordinal);
            Assert.Equal(0, _judged);
        }

        await fixture.StopAsync(good);
        await fixture.StopAsync(other);
    }

    [Fact]
    public async Task A_worker_with_another_tokenizer_is_refused_by_name_before_it_draws()
    {
        ClusterWorker With(ITokenizer tokenizer, Func<Completion, double> reward)
        {
            var model = TinyModels.Gpt2();
            model.Freeze();
            var policy = new CausalLmPolicy(model, tokenizer, new GenerationOptions { MaxNewTokens = 4 });
            return new ClusterWorker(new Scorer(policy, RewardModel.FromFunction(reward, "length"))) { Owned = [model] };
        }

        using ClusterWorker mine = With(new NumberTokenizer(TinyModels.Vocabulary), _ => 0);
        InProcessSiloHandle silo = await fixture.StartAsync(() => With(new CommaTokenizer(), Counted));

        var thrown = await Assert.ThrowsAsync<ClusterException>(() => fixture.ConnectAsync(mine.Scorer.Origin, waitSeconds: 1));

        Assert.Contains(silo.Name, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(CommaTokenizer), thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, _judged);
        await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task Without_a_worker_that_is_not_refused_a_client_says_which_were_and_why()
    {
        using TabularPolicy reference = TableWorld.Reference(seed: 3);
        Scorer scorer = TableWorld.Scorer(reference);
        InProcessSiloHandle silo = await fixture.StartAsync(() => TableWorld.Worker());

        var thrown = await Assert.ThrowsAsync<ClusterException>(() => fixture.ConnectAsync(scorer.Origin, waitSeconds: 1));

        Assert.Contains(silo.Name, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("sha256", thrown.Message, StringComparison.Ordinal);
        await fixture.StopAsync(silo);
        thrown = await Assert.ThrowsAsync<ClusterException>(() => fixture.ConnectAsync(scorer.Origin, waitSeconds: 1));
        Assert.Contains("AddVariationalBoN", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>Its parameters have the same names and shapes, so that it is seen only with the published weights.</summary>
    [Fact]
    public async Task A_worker_with_another_policy_is_left_out_by_name_and_others_go_on()
    {
        using TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        using ClusterWorker own = TrainedWorld.Worker(reference, policy);
        var said = new ConcurrentBag<string>();
        InProcessSiloHandle other = await fixture.StartAsync(() =>
        {
            Prompt[] prompts = [.. TableWorld.Prompts.Select(prompt => new Prompt($"{prompt.Text} elsewhere"))];
            return TrainedWorld.Worker(TableWorld.Reference(), new TabularPolicy(prompts, 5, 3), Counted);
        });
        await using (WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin, said.Add, waitSeconds: 1))
        await using (ClusterLearner learner = cluster.CreateLearner(own))
        {
            learner.Publish();

            var thrown = await Assert.ThrowsAsync<ClusterException>(() => learner.RolloutsAsync(TableWorld.Prompts, 4, seed: 1));

            Assert.Contains(other.Name, thrown.Message, StringComparison.Ordinal);
            Assert.Contains("The policy of the worker is not the learner's", thrown.Message, StringComparison.Ordinal);
        }

        InProcessSiloHandle good = await fixture.StartAsync(TrainedWorld.Worker);
        await using (WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin, said.Add))
        {
            while (cluster.Workers.Length < 2)
                await Task.Delay(20);
            await using ClusterLearner learner = cluster.CreateLearner(own, new() { PromptsPerBlock = 1 });
            learner.Publish();
            said.Clear();

            ClusterRollouts rollouts = await learner.RolloutsAsync(TableWorld.Prompts, 4, seed: 1); // 24 blocks, so that it gets some
            await learner.BackwardAsync(rollouts, new double[rollouts.Scored.Count], completionsPerPart: 4);

            string message = Assert.Single(said);
            Assert.Contains(other.Name, message, StringComparison.Ordinal);
            Assert.Contains("is not the learner's", message, StringComparison.Ordinal);
            Assert.Equal(TableWorld.Prompts.Length * 4, rollouts.Scored.Count);
            Assert.Equal(0, _judged);
        }

        await fixture.StopAsync(good);
        await fixture.StopAsync(other);
    }

    [Fact]
    public async Task A_worker_of_another_execution_draws_where_any_will_do()
    {
        using TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference);
        InProcessSiloHandle silo = await fixture.StartAsync(
            () => TableWorld.Worker(),
            told: worker => worker with { Execution = With(TorchRuntime.Execution, "threads", "others").ToJson() }
        );

        await using (
            WorkerCluster cluster = await fixture.Client.ConnectVariationalBoNAsync(
                new WorkerClusterOptions { Origin = scorer.Origin, AnyExecution = true }
            )
        )
        {
            using ReferenceTable table = await ReferenceTable.EstimateAsync(cluster.Reference, TableWorld.Prompts, 8, seed: 3);

            WorkerStatus worker = cluster.Workers.Single();
            Assert.Equal((null, 1), (worker.Refused, worker.Devices));
            Assert.InRange(worker.Blocks, 1, long.MaxValue);
            Assert.Equal(TableWorld.Prompts, table.Prompts.Select(prompt => prompt.Prompt));
        }

        await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task A_worker_whose_loss_is_other_code_is_refused_by_name()
    {
        using TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        using ClusterWorker own = TrainedWorld.Worker(reference, policy);
        var said = new ConcurrentBag<string>();
        InProcessSiloHandle[] silos =
        [
            await fixture.StartAsync(TrainedWorld.Worker),
            await fixture.StartAsync(() => TrainedWorld.Worker((logProb, _, _) => logProb.mean(), null)),
            await fixture.StartAsync(() => TrainedWorld.Worker(TrainedWorld.Loss, "of 1 May")),
        ];
        await using (WorkerCluster cluster = await fixture.ConnectAsync(own.Scorer.Origin, said.Add))
        {
            while (cluster.Workers.Length < 3)
                await Task.Delay(20);
            await using ClusterLearner learner = cluster.CreateLearner(own);
            learner.Publish();
            await learner.RolloutsAsync(TableWorld.Prompts, 4, seed: 1);

            Assert.Equal(2, said.Count);
            Assert.Equal(2, learner.Workers.Count(worker => worker.Refused?.Contains("the loss", StringComparison.Ordinal) == true));
            Assert.DoesNotContain(cluster.Workers, worker => worker.Refused is not null);
            foreach (InProcessSiloHandle other in silos[1..])
                Assert.Contains(
                    said,
                    text =>
                        text.Contains(other.Name, StringComparison.Ordinal)
                        && text.Contains($"the loss \"{TrainedWorld.LossName}\"", StringComparison.Ordinal)
                );
            Assert.Contains(said, text => text.Contains("of 1 May", StringComparison.Ordinal));
            Assert.Contains(said, text => text.Contains("build ", StringComparison.Ordinal));
        }

        foreach (InProcessSiloHandle silo in silos)
            await fixture.StopAsync(silo);
    }

    [Fact]
    public async Task A_learner_whose_own_scorer_is_another_one_is_refused()
    {
        using TabularPolicy reference = TableWorld.Reference(seed: 4),
            policy = reference.Clone();
        using ClusterWorker own = TrainedWorld.Worker(reference, policy);
        InProcessSiloHandle silo = await fixture.StartAsync(TrainedWorld.Worker);
        await using (WorkerCluster cluster = await fixture.Client.ConnectVariationalBoNAsync())
        {
            var thrown = Assert.Throws<ArgumentException>(() => cluster.CreateLearner(own));

            Assert.Contains("reference policy", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("Origin", thrown.Message, StringComparison.Ordinal);
        }

        await fixture.StopAsync(silo);
    }

    /// <summary>Bits are wanted as this process has them, so that it does not matter which worker answers first.</summary>
    private Task<WorkerCluster> ConnectAsync(ScoringIdentity origin, Action<string> warned) =>
        fixture.Client.ConnectVariationalBoNAsync(
            new WorkerClusterOptions
            {
                Origin = origin,
                Execution = TorchRuntime.Execution,
                Logger = HeardLog.Warnings(warned),
            }
        );

    private double Counted(Completion completion) => Interlocked.Increment(ref _judged);

    private ClusterWorker CutOff()
    {
        TabularPolicy reference = TableWorld.Reference();
        Scorer scorer = TableWorld.Scorer(reference, reward: Counted);
        return new ClusterWorker(new Scorer(scorer.Reference, scorer.Reward, new() { OnTruncated = TruncationRule.Exclude }))
        {
            Owned = [reference],
        };
    }

    /// <summary>An identity with another value of one setting.</summary>
    private static ModelIdentity With(ModelIdentity identity, string name, string value)
    {
        Assert.Contains(identity.Settings, setting => setting.Key == name);
        return new ModelIdentity(
            identity.Name,
            [.. identity.Settings.Select(setting => (setting.Key, setting.Key == name ? value : setting.Value))]
        );
    }

    private sealed class CommaTokenizer : ITokenizer
    {
        private readonly NumberTokenizer _numbers = new(TinyModels.Vocabulary);

        public ModelIdentity Identity => new(nameof(CommaTokenizer), ("vocabulary", VocabularySize));

        public int VocabularySize => _numbers.VocabularySize;

        public ImmutableArray<int> Encode(string text) => _numbers.Encode(text.Replace(',', ' '));

        public string Decode(IReadOnlyList<int> tokens) => string.Join(',', tokens);
    }
}
