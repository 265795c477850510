using VariationalBoN.BestOfN;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Training;

/// <summary>A long loop keeps nothing: neither tensors nor memory of the process.</summary>
[Collection("Leaks")]
[Trait("Tier", "slow")]
public sealed class MemoryTests
{
    [Fact]
    public async Task Ten_thousand_steps_gain_no_tensor_and_at_most_32_megabytes()
    {
        string[] prompts = ["a", "b", "c", "d"];
        using var policy = new TabularPolicy(prompts, vocabularySize: 4, length: 5);
        using var reference = policy.CloneFrozen();
        var reward = RewardModel.FromFunction(completion => completion.Tokens.Sum());
        var table = await ReferenceTable.EstimateAsync(reference, reward, prompts, samplesPerPrompt: 64, seed: 1);

        await StepsAsync(500);
        long memory = ResidentBytes(), tensors = LiveTensors.Settled();
        await StepsAsync(9_500);

        Assert.Equal(tensors, LiveTensors.Now);
        Assert.InRange(ResidentBytes() - memory, long.MinValue, 32L << 20);

        Task StepsAsync(int steps) => Loop.RunAsync(policy, reference, reward, table.BestOf(8), new ExactObjective(), steps, completions: 8, learningRate: 0.01, seed: steps);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
