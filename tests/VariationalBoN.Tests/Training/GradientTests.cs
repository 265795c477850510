using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Training;

/// <summary>The score function with a leave-one-out baseline is unbiased: its mean over all groups is the exact gradient.</summary>
[Trait("Tier", "torch")]
public sealed class GradientTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Mean_gradient_over_all_groups_is_the_exact_gradient(int completions)
    {
        var world = new EnumerableWorld(2, 2, [.3, -.2, .5, .1, -.4, .2], [1, 0, 2, 2], n: 3);
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, [.1, .2, -.3, .4, .6, -.5]);
        double[] logPolicy = world.LogProbs(policy.LogitValues()),
            mean = new double[6];
        var objective = new ExactObjective(world.BestOfN);
        int groups = (int)Math.Pow(world.Sequences, completions);
        for (int group = 0; group < groups; group++)
        {
            int[] drawn = [.. Enumerable.Range(0, completions).Select(k => group / (int)Math.Pow(world.Sequences, k) % world.Sequences)];
            double probability = Math.Exp(drawn.Sum(y => logPolicy[y]));
            var scored = new ScoredBatch(drawn.Select(world.Completion), new int[completions]);
            using var scope = torch.NewDisposeScope();
            policy.Logits.grad?.zero_();
            ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups).backward();
            var gradient = MemoryMarshal.Cast<byte, double>(policy.Logits.grad!.bytes);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += probability * gradient[i];
        }

        double[] exact = world.ReverseGradient(policy.LogitValues(), world.LogBestOfN);
        for (int i = 0; i < mean.Length; i++)
            Assert.InRange(mean[i] + exact[i], -1e-12, 1e-12);
    }

    [Fact]
    public void Enumerated_gradient_equals_finite_differences()
    {
        var world = new EnumerableWorld(3, 2, [.3, -.2, .5, .1, -.4, .2, .7, .1, -.1, 0, .2, -.6], [1, 0, 2, 2, 5, 3, -1, 4, 0], n: 5);
        double[] theta = [.. Enumerable.Range(0, 12).Select(i => Math.Sin(i * 1.7))];
        double[] gradient = world.ReverseGradient(theta, world.LogBestOfN);
        for (int i = 0; i < theta.Length; i++)
        {
            const double Step = 1e-5;
            double Objective(double delta) =>
                -EnumerableWorld.Kl(world.LogProbs([.. theta.Select((value, j) => j == i ? value + delta : value)]), world.LogBestOfN);
            Assert.InRange(gradient[i] - ((Objective(Step) - Objective(-Step)) / (2 * Step)), -1e-8, 1e-8);
        }
    }

    [Fact]
    public void A_group_of_one_is_refused()
    {
        using var logProb = torch.tensor([-1.0, -2.0, -3.0]);

        var error = Assert.Throws<ArgumentException>(() => ScoreFunction.Loss(logProb, [0.0, 0.0, 0.0], [0, 0, 7]));

        Assert.Contains("7", error.Message, StringComparison.Ordinal);
    }
}
