using TorchSharp;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Training;

/// <summary>The loop of the README over a tabular policy, as the tests of this folder run it.</summary>
internal static class Loop
{
    public static async Task RunAsync(
        TabularPolicy policy,
        IPolicy reference,
        IRewardModel reward,
        IVariationalObjective objective,
        int steps,
        int completions,
        double learningRate,
        long seed
    )
    {
        var scorer = new Scorer(reference, reward);
        using var adam = new Adam(policy.Parameters, learningRate);
        for (int step = 0; step < steps; step++)
        {
            adam.SetLearningRate(learningRate * (1 - ((double)step / steps)));
            var scored = await scorer.ScoreAsync(policy.Sample(policy.Prompts, completions, (seed * 1_000_000) + step));
            using var scope = torch.NewDisposeScope();
            var targets = objective.LogTargets(scored);
            var loss = ScoreFunction.Loss(policy.LogProb(scored), targets, scored.Groups);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }
    }
}
