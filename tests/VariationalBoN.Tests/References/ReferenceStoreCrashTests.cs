using VariationalBoN.References;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.References;

/// <summary>Caches whose process is killed or whose disk is full.</summary>
[Trait("Tier", "slow")]
public sealed class ReferenceStoreCrashTests : StoreFixture
{
    [Theory]
    [InlineData("None")]
    [InlineData("Gzip")]
    public void A_cache_whose_process_is_killed_at_random_points_ends_with_the_same_bytes(string compression)
    {
        KilledProcess.Run("cache", Folder, compression, "flush");
        byte[] whole = File.ReadAllBytes(Data(Folder));
        var random = new Random(5);
        int wanted = KilledProcess.Points(quick: 6), kills = 0;
        for (int run = 0; kills < wanted; run++)
        {
            string folder = Named($"run-{run}");
            while (kills < wanted && KilledProcess.RunAndKill(random.Next(1, 7), random.Next(0, 8_000), "cache", folder, compression, Flush(kills)))
                kills++; // the first line says that the cache is open
            KilledProcess.Run("cache", folder, compression, Flush(kills));
            Assert.Equal(whole, File.ReadAllBytes(Data(folder)));
            using var table = ReferenceTable.Load(folder);
            Assert.Equal(60, table.Prompts.Length);
            Assert.All(table.Prompts, prompt => Assert.Equal(64, prompt.Samples.Length + prompt.Excluded));
            Assert.Contains(table.Prompts, prompt => prompt.Excluded > 0);
        }

        static string Flush(int kills) => kills % 2 == 0 ? "flush" : "system"; // SIGKILL takes nothing from the operating system
    }

    [Fact]
    public void A_full_disk_is_one_readable_error_and_the_cache_goes_on_when_there_is_room()
    {
        KilledProcess.Run("cache", Named("whole"), "None", "flush");
        byte[] whole = File.ReadAllBytes(Data(Named("whole")));
        string error = KilledProcess.RunWithFileLimit(whole.Length / 2048, "cache", Folder, "None", "flush");
        Assert.Contains($"could not be written to {Data(Folder)}", error);
        Assert.Contains("as it was before", error);
        byte[] written = File.ReadAllBytes(Data(Folder));
        Assert.InRange(written.Length, 1, (whole.Length / 2) + 2048);
        Assert.Equal(whole[..written.Length], written);
        Assert.Equal((byte)'\n', written[^1]);
        KilledProcess.Run("cache", Folder, "None", "flush");
        Assert.Equal(whole, File.ReadAllBytes(Data(Folder)));
    }

    [Fact]
    public void A_writer_in_another_process_is_respected_while_it_lives()
    {
        KilledProcess.RunAndKillAfter(
            () => Assert.Contains("being written by another process", Assert.Throws<IOException>(() => ReferenceStore.Open(Folder, provenance: null)).Message),
            "hold",
            Folder);
        ReferenceStore.Open(Folder, provenance: null).Dispose();
    }

    [Fact]
    public void Opening_takes_private_memory_for_prompts_but_not_for_rewards()
    {
        KilledProcess.Run("fill", Named("small"), "500");
        KilledProcess.Run("fill", Named("large"), "8000"); // 16 MB of rewards
        Assert.InRange(Private("large") - Private("small"), -4_000, 6_000);

        long Private(string name) => long.Parse(KilledProcess.Output("open", Named(name)).Split('\n').Single(line => line.StartsWith("private KiB: ", StringComparison.Ordinal))[13..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
