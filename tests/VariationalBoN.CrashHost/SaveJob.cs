using System.Globalization;
using TorchSharp;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Weights;

namespace VariationalBoN.CrashHost;

/// <summary>Saves one thing of about eight bytes for each of so many numbers, as a file or checkpoint named <c>saved</c>.</summary>
internal static class SaveJob
{
    public static int Run(string what, string folder, string numbers)
    {
        int count = int.Parse(numbers, CultureInfo.InvariantCulture);
        double[] values = [.. Enumerable.Range(1, count).Select(i => (double)i)];
        string path = Path.Combine(folder, "saved");
        switch (what)
        {
            case "table":
                new ReferenceTable([new ReferencePrompt("p", values, [])]).Save(path);
                return 0;
            case "weights":
                using (var tensor = torch.tensor(values))
                    Safetensors.Save(path, new Dictionary<string, torch.Tensor> { ["w"] = tensor });
                return 0;
            case "checkpoint":
                using (var checkpoints = new Checkpoints(path).Add("state", stream => stream.Write(new byte[8 * count]), _ => { }))
                    checkpoints.Save(1);
                return 0;
            default: // lines of metrics until the disk is full
                using (var metrics = new MetricsLog(path))
                {
                    for (int step = 0; step < count; step++)
                        metrics.Write(step, [new("reward", step)]);
                }

                return 0;
        }
    }

    /// <summary>Opens everything by relative paths, and goes to another folder before it is written to.</summary>
    public static int Move(string folder, string other)
    {
        Directory.SetCurrentDirectory(folder);
        using var metrics = new MetricsLog("metrics.jsonl");
        using var checkpoints = new Checkpoints("run")
            .Add("metrics", metrics)
            .Add("state", stream => stream.WriteByte(1), stream => stream.ReadByte());
        using var store = ReferenceStore.Open("store.db", null);
        var sample = new ReferencePrompt("p", [1.0, 2.0], ["x", "y"]);
        Directory.SetCurrentDirectory(other);
        metrics.Write(0, [new("reward", 1)]);
        checkpoints.Save(1);
        checkpoints.Save(2);
        store.Append([sample]);
        using (ReferenceTable table = store.AsTable())
        {
            table.Save("table.jsonl");
            Directory.SetCurrentDirectory(folder);
            Console.WriteLine(table["p"].Rewards.Length);
        }

        return checkpoints.Restore() == 2 ? 0 : 1;
    }
}
