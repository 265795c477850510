using VariationalBoN.Policies;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Training;

/// <summary>A long loop keeps nothing: neither tensors nor memory of the process.</summary>
[Collection("Leaks")]
[Trait("Tier", "slow")]
public sealed class MemoryTests
{
    [Fact]
    public async Task Ten_thousand_steps_gain_no_tensor_and_at_most_32_megabytes()
    {
        Prompt[] prompts = ["a", "b", "c", "d"];
        using var policy = new TabularPolicy(prompts, vocabularySize: 4, length: 5);
        using var reference = policy.CloneFrozen();
        var reward = RewardModel.FromFunction(completion => completion.Tokens.Sum(), "test judge");
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, reward), prompts, samplesPerPrompt: 64, seed: 1);

        await StepsAsync(500);
        long memory = ResidentBytes(),
            tensors = LiveTensors.Settled();
        await StepsAsync(9_500);

        Assert.Equal(tensors, LiveTensors.Now);
        Assert.InRange(ResidentBytes() - memory, long.MinValue, 32L << 20);

        Task StepsAsync(int steps) =>
            Loop.RunAsync(
                policy,
                reference,
                reward,
                new ExactObjective(table.BestOf(8)),
                steps,
                completions: 8,
                learningRate: 0.01,
                seed: steps
            );
    }

    [Fact]
    public async Task Two_thousand_batches_of_a_store_gain_no_tensor_and_at_most_32_megabytes()
    {
        string folder = Directory.CreateTempSubdirectory("vbon-memory-").FullName;
        try
        {
            Prompt[] prompts = [.. Enumerable.Range(0, 2_000).Select(i => $"prompt {i}")];
            // until the end: the count would notice its collection
            using var uniform = new TabularPolicy(prompts, vocabularySize: 3, length: 2);
            using var reference = uniform.CloneFrozen();
            var reward = RewardModel.FromFunction(completion => completion.Tokens.Sum(), "sum");
            var seen = new List<(long Memory, long Tensors)>();
            using (
                var table = await ReferenceTable.EstimateAsync(
                    new Scorer(reference, reward),
                    prompts,
                    new ReferenceTableOptions
                    {
                        SamplesPerPrompt = 8,
                        PromptsPerBatch = 1,
                        Store = Path.Combine(folder, "references.db"),
                        Storage = new() { FlushToDisk = false },
                        Progress = new Every(prompts.Length / 5, () => seen.Add((ResidentBytes(), LiveTensors.Settled()))),
                    }
                )
            )
                Assert.Equal(prompts.Length, table.Prompts.Length);

            Assert.Equal(6, seen.Count);
            Assert.Single(seen.Select(place => place.Tensors).Distinct());
            Assert.InRange(seen[^1].Memory - seen[1].Memory, long.MinValue, 32L << 20);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Memory of the process once the collector has given back what it can.</summary>
    private static long ResidentBytes()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    /// <summary>Does something at the start and after every so many prompts.</summary>
    private sealed class Every(int prompts, Action action) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value)
        {
            if (value.PromptsDone % prompts == 0)
                action();
        }
    }
}
