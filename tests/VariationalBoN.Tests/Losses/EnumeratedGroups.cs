using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Losses;

/// <summary>The exact expectation of a loss's gradient:
/// every group of K sequences of a small world with its probability under a policy.</summary>
internal sealed class EnumeratedGroups(int completions)
{
    public static readonly double[] ReferenceLogits = [.3, -.2, .5, .1, -.4, .2];

    public static readonly EnumerableWorld World = WorldOf(n: 3);

    public static readonly double[] Theta = [.1, .2, -.3, .4, .6, -.5];

    /// <summary>A loss by what it is given of a group.</summary>
    public delegate torch.Tensor LossOf(torch.Tensor logProb, double[] targets, ScoredBatch scored);

    public static EnumerableWorld WorldOf(double n) => new(2, 2, ReferenceLogits, [1, 0, 2, 2], n);

    /// <summary>E[grad loss] over groups drawn from the policy with logits <paramref name="behaviour"/>,
    /// at the policy with logits <see cref="Theta"/>.</summary>
    public double[] MeanGradient(LossOf loss, double[]? behaviour = null, IVariationalObjective? objective = null)
    {
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, Theta);
        double[] logBehaviour = World.LogProbs(behaviour ?? Theta),
            mean = new double[Theta.Length];
        objective ??= new ExactObjective(World.BestOfN);
        for (int group = 0; group < (int)Math.Pow(World.Sequences, completions); group++)
        {
            int[] drawn = [.. Enumerable.Range(0, completions).Select(k => group / (int)Math.Pow(World.Sequences, k) % World.Sequences)];
            double probability = Math.Exp(drawn.Sum(y => logBehaviour[y]));
            var scored = new ScoredBatch(drawn.Select(World.Completion), new int[completions]);
            using var scope = torch.NewDisposeScope();
            policy.Logits.grad?.zero_();
            loss(policy.LogProb(scored), objective.LogTargets(scored), scored).backward();
            var gradient = MemoryMarshal.Cast<byte, double>(policy.Logits.grad!.bytes);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += probability * gradient[i];
        }

        return mean;
    }

    /// <summary>The exact gradient of KL(pi_theta || pi_bon) at <see cref="Theta"/>.</summary>
    public static double[] ReverseKl { get; } = [.. World.ReverseGradient(Theta, World.LogBestOfN).Select(g => -g)];

    /// <summary>The exact gradient of KL(pi_bon || pi_theta) at <see cref="Theta"/>.</summary>
    public static double[] ForwardKl { get; } = [.. World.ForwardGradient(Theta, World.LogBestOfN).Select(g => -g)];

    public static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual, double tolerance = 1e-12)
    {
        foreach ((double e, double a) in expected.Zip(actual))
            Assert.InRange(a - e, -tolerance, tolerance);
    }
}
