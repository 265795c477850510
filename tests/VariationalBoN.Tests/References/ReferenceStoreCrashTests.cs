using System.Globalization;
using VariationalBoN.References;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.References;

/// <summary>Stores whose process is killed or whose disk is full.</summary>
[Trait("Tier", "slow")]
public sealed class ReferenceStoreCrashTests : StoreFixture
{
    [Theory]
    [InlineData(ReferenceJournal.Automatic)]
    [InlineData(ReferenceJournal.Rollback)]
    public void Store_whose_process_is_killed_at_random_moments_ends_with_the_same_rows(ReferenceJournal journal)
    {
        KilledProcess.Run("store", Store, $"{journal}", "flush");
        string[] whole = Rows(Store);
        Assert.Equal(60, whole.Length);
        var random = new Random(5);
        int wanted = KilledProcess.Points(quick: 5),
            kills = 0;
        for (int run = 0; kills < wanted; run++)
        {
            string store = Named($"run-{run}.db");
            while (kills < wanted && Kill())
            {
                kills++; // the first line says that the store is open
                if (kills % 2 == 0)
                    Assert.Subset(whole.ToHashSet(), Rows(store).ToHashSet()); // read as the killed process left it
            }

            KilledProcess.Run("store", store, $"{journal}", Flush(kills));
            Assert.Equal(whole, Rows(store));
            Assert.Equal([Path.GetFileName(store), $"{Path.GetFileName(store)}-writer"], Beside(store));
            using var table = ReferenceTable.Load(store);
            Assert.Equal(60, table.Prompts.Length);
            Assert.All(table.Prompts, prompt => Assert.Equal(64, prompt.Samples.Length + prompt.Excluded));
            Assert.Contains(table.Prompts, prompt => prompt.Excluded > 0);

            bool Kill() => KilledProcess.RunAndKill(random.Next(1, 7), random.Next(0, 8_000), "store", store, $"{journal}", Flush(kills));
        }

        static string Flush(int kills) => kills % 2 == 0 ? "flush" : "system"; // SIGKILL takes nothing from the operating system

        static IEnumerable<string?> Beside(string store) =>
            Directory
                .GetFiles(Path.GetDirectoryName(store)!, $"{Path.GetFileName(store)}*")
                .Select(Path.GetFileName)
                .Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Full_disk_is_one_readable_error_and_the_store_goes_on_when_there_is_room()
    {
        string whole = Named("whole.db");
        KilledProcess.Run("store", whole, "Automatic", "flush");
        string error = KilledProcess.RunWithFileLimit((int)new FileInfo(whole).Length / 2048, "store", Store, "Automatic", "flush");
        Assert.Contains($"{Store} could not take a batch", error);
        Assert.Contains("as it was before", error);
        string[] rows = Rows(Store);
        Assert.InRange(rows.Length, 1, 59);
        Assert.Equal(0, rows.Length % 4); // batches of four prompts
        Assert.Subset(Rows(whole).ToHashSet(), rows.ToHashSet());
        KilledProcess.Run("store", Store, "Automatic", "flush");
        Assert.Equal(Rows(whole), Rows(Store));
    }

    [Fact]
    public void Writer_in_another_process_is_respected_while_it_lives_and_its_samples_are_read()
    {
        KilledProcess.RunAndKillAfter(
            () =>
            {
                var refused = Assert.Throws<IOException>(() => ReferenceStore.Open(Store, provenance: null));
                Assert.Contains("being written by another process", refused.Message);
                using var table = ReferenceTable.Load(Store);
                Assert.Equal([1.0, 2.0], table["held"].Rewards.AsEnumerable());
            },
            "hold",
            Store
        );
        using (var table = ReferenceTable.Load(Store))
            Assert.Equal([1.0, 2.0], table["held"].Rewards.AsEnumerable());
        using var store = ReferenceStore.Open(Store, provenance: null);
        store.Append([new ReferencePrompt("mine", [3.0], [])]);
        Assert.Equal(2, store.Prompts);
    }

    [Fact]
    public void Opening_takes_private_memory_for_prompts_but_not_for_rewards()
    {
        KilledProcess.Run("fill", Named("small.db"), "500");
        KilledProcess.Run("fill", Named("large.db"), "8000"); // 16 MB of rewards
        Assert.InRange(Private("large.db") - Private("small.db"), -4_000, 10_000); // what is read in opening is garbage, not given back

        long Private(string name)
        {
            string[] lines = KilledProcess.Output("open", Named(name)).Split('\n');
            return long.Parse(
                lines.Single(line => line.StartsWith("private KiB: ", StringComparison.Ordinal))[13..],
                CultureInfo.InvariantCulture
            );
        }
    }
}
