using TorchSharp;
using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A long loop over a cluster keeps nothing, at learner and worker: both are in this process.</summary>
[Collection(nameof(Leaks))]
[Trait("Tier", "slow")]
public sealed class ClusterMemoryTests
{
    /// <summary>20 steps; VARIATIONALBON_CRASH_POINTS asks for more, such as 1000.</summary>
    [Fact]
    public async Task Steps_over_a_cluster_gain_no_tensor_and_at_most_8_megabytes()
    {
        var fixture = new ClusterFixture();
        await fixture.DeployAsync(TrainedWorld.Worker);
        using TabularPolicy reference = TableWorld.Reference(),
            policy = reference.Clone();
        await using (WorkerCluster cluster = await fixture.ConnectAsync(TableWorld.Scorer(reference).Origin))
        await using (ClusterLearner learner = cluster.CreateLearner(TrainedWorld.Worker(reference, policy)))
        {
            await StepsAsync(5);
            long tensors = LiveTensors.Settled(),
                memory = GC.GetTotalMemory(forceFullCollection: true);
            await StepsAsync(KilledProcess.Points(20));

            Assert.Equal(tensors, LiveTensors.Settled());
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - memory, long.MinValue, 8L << 20);

            async Task StepsAsync(int steps)
            {
                for (int step = 0; step < steps; step++)
                {
                    Move(policy);
                    learner.Publish();
                    ClusterRollouts rollouts = await learner.RolloutsAsync(TableWorld.Prompts, 4, step);
                    await learner.BackwardAsync(rollouts, [.. rollouts.Scored.Select(item => item.Reward)], completionsPerPart: 48);
                    using torch.Tensor? sum = policy.Logits.grad;
                    Assert.NotNull(sum);
                    policy.Logits.grad = null;
                }
            }
        }

        await fixture.DisposeAsync();
    }

    private static void Move(TabularPolicy policy)
    {
        using var noGradient = torch.no_grad();
        using Scalar less = 0.999;
        policy.Logits.mul_(less);
    }
}
