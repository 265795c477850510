using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Training;

/// <summary>Stochastic training ends at the distribution that enumeration gives.</summary>
[Trait("Tier", "torch")]
public sealed class ConvergenceTests
{
    private static readonly EnumerableWorld s_atoms = EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 2, 3, 4], n: 2);

    // pi_ref F_le / Z, the optimum of the bound at or below, N = 2.
    private static readonly double[] s_closedForm = [.24903, .32685, .19844, .14786, .07782];

    [Fact]
    public async Task Exact_objective_reaches_best_of_2_on_five_atoms()
    {
        double[] learned = await TrainAsync(s_atoms, new ExactObjective(s_atoms.BestOfN), steps: 800, completions: 64, learningRate: 0.05);

        Assert.InRange(EnumerableWorld.Kl(learned, s_atoms.LogBestOfN), -1e-15, 0.003); // 0 up to rounding
    }

    [Fact]
    public async Task At_or_below_bound_reaches_its_own_optimum_and_not_best_of_2()
    {
        double[] learned = await TrainAsync(
            s_atoms,
            new LowerBoundObjective(s_atoms.BestOfN, CdfSide.AtOrBelow),
            steps: 800,
            completions: 64,
            learningRate: 0.05
        );

        double[] optimum = [.. s_closedForm.Select(p => Math.Log(p))];
        Assert.InRange(EnumerableWorld.Kl(learned, optimum), -1e-4, 0.003);
        Assert.InRange(EnumerableWorld.Kl(optimum, s_atoms.LogBestOfN), 0.0285, 0.0295);
        Assert.InRange(EnumerableWorld.Kl(learned, s_atoms.LogBestOfN), 0.02, 0.04);
    }

    [Fact]
    public async Task Exact_objective_reaches_best_of_4_on_a_sequence_world_with_ties()
    {
        double[] logits = [.. Enumerable.Range(0, 39).Select(i => Math.Sin(i + 1))];
        var world = new EnumerableWorld(3, 3, logits, [.. Enumerable.Range(0, 27).Select(y => Math.Round(4 * Math.Cos(5 * y)))], n: 4);

        double[] learned = await TrainAsync(world, new ExactObjective(world.BestOfN), steps: 800, completions: 96, learningRate: 0.08);

        Assert.InRange(EnumerableWorld.Kl(learned, world.LogBestOfN), 0, 0.01);
    }

    [Fact]
    public async Task Weighted_likelihood_of_reference_samples_reaches_best_of_4()
    {
        var world = EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 1, 3, 4], n: 4);
        using TabularPolicy policy = world.Reference();
        using TabularPolicy reference = policy.CloneFrozen();
        ReferenceTable table = await ReferenceTable.EstimateAsync(
            new Scorer(reference, world.RewardModel()),
            [EnumerableWorld.Prompt],
            samplesPerPrompt: 4096,
            seed: 1
        );
        ReferencePrompt cached = table[EnumerableWorld.Prompt];
        Completion[] completions = [.. cached.Samples.Select(sample => sample.Completion)];
        double[] weights = cached.BestOfNWeights(4);
        using var adam = new Adam(policy.Parameters, learningRate: 0.05);
        for (int step = 0; step < 300; step++)
        {
            using var scope = torch.NewDisposeScope();
            var loss = WeightedLikelihood.Loss(policy.LogProb(completions), weights, new int[completions.Length]);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }

        // 4096 samples leave a sampling error of about (atoms - 1) N / (2 M) = .002 nats.
        Assert.InRange(EnumerableWorld.Kl(world.LogBestOfN, world.LogProbs(policy.LogitValues())), 0, 0.006);
    }

    private static async Task<double[]> TrainAsync(
        EnumerableWorld world,
        IVariationalObjective objective,
        int steps,
        int completions,
        double learningRate
    )
    {
        using TabularPolicy policy = world.Reference();
        using TabularPolicy reference = policy.CloneFrozen();
        await Loop.RunAsync(policy, reference, world.RewardModel(), objective, steps, completions, learningRate, seed: 1);
        return world.LogProbs(policy.LogitValues());
    }
}
