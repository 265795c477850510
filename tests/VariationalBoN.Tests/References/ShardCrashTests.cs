using VariationalBoN.References;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.References;

/// <summary>Shards of a model's samples, in processes that are killed.</summary>
[Trait("Tier", "slow")]
public sealed class ShardCrashTests : StoreFixture
{
    [Fact]
    public async Task Four_processes_killed_at_random_and_started_again_merge_to_the_store_of_one_row_by_row()
    {
        string one = Named("one.db"),
            many = Named("many.db");
        Task whole = Task.Run(() => KilledProcess.Run("shard", one, "none"));
        int[] kills = await Task.WhenAll(Enumerable.Range(0, 4).Select(index => Task.Run(() => Run(index))));
        await whole;

        Assert.Equal(80, Shard.Merge(many, 4, new() { FlushToDisk = false })); // 8 ranges of samples of 10 prompts
        Assert.Equal(Rows(one), Rows(many));
        Assert.InRange(kills.Sum(), 1, 4 * KilledProcess.Points(quick: 1));
        Assert.Equal(0, Shard.Merge(many, 4));

        int Run(int index)
        {
            var random = new Random(index);
            int killed = 0;
            for (int i = 0; i < KilledProcess.Points(quick: 1); i++)
                killed += KilledProcess.RunAndKill(random.Next(1, 4), random.Next(0, 8_000), "shard", many, $"{index}/4") ? 1 : 0;
            Dictionary<string, string> job =
                index % 2 == 0
                    ? new()
                    {
                        ["SLURM_ARRAY_TASK_ID"] = $"{1 + (2 * index)}",
                        ["SLURM_ARRAY_TASK_MIN"] = "1",
                        ["SLURM_ARRAY_TASK_STEP"] = "2",
                        ["SLURM_ARRAY_TASK_COUNT"] = "4",
                    }
                    : new() { ["JOB_COMPLETION_INDEX"] = $"{index}", ["VBON_SHARD_COUNT"] = "4" };
            KilledProcess.Output(job, "shard", many, "environment");
            return killed;
        }
    }
}
