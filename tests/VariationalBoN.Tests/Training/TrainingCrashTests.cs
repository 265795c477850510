namespace VariationalBoN.Tests.Training;

/// <summary>A training run that is killed again and again ends with the bits of one that was not.</summary>
[Trait("Tier", "slow")]
public sealed class TrainingCrashTests : IDisposable
{
    private const string Steps = "24";
    private readonly string _root = Directory.CreateTempSubdirectory("crash-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_run_killed_at_random_points_ends_with_the_same_weights_and_metrics()
    {
        string whole = Path.Combine(_root, "whole");
        KilledProcess.Run("train", whole, Steps);
        byte[] weights = File.ReadAllBytes(Path.Combine(whole, "final.safetensors")),
            metrics = File.ReadAllBytes(Path.Combine(whole, "metrics.jsonl")),
            guard = File.ReadAllBytes(Guard(whole));
        Assert.Equal(int.Parse(Steps, System.Globalization.CultureInfo.InvariantCulture), metrics.Count(b => b == '\n'));

        var random = new Random(11);
        int wanted = KilledProcess.Points(quick: 6),
            kills = 0;
        for (int run = 0; kills < wanted; run++)
        {
            string folder = Path.Combine(_root, $"run-{run}");
            while (kills < wanted && KilledProcess.RunAndKill(random.Next(0, 12), random.Next(0, 20_000), "train", folder, Steps))
                kills++;
            KilledProcess.Run("train", folder, Steps);

            Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "final.safetensors")));
            Assert.Equal(metrics, File.ReadAllBytes(Path.Combine(folder, "metrics.jsonl")));
            Assert.Equal(guard, File.ReadAllBytes(Guard(folder)));
        }
    }

    private static string Guard(string folder) => Path.Combine(folder, "checkpoints", $"step-{Steps.PadLeft(8, '0')}", "guard.json");
}
