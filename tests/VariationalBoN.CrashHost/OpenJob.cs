using System.Diagnostics;
using System.Globalization;
using VariationalBoN.References;

namespace VariationalBoN.CrashHost;

/// <summary>Fills a store with rewards alone, and opens one in a process of its own, whose memory says what opening costs.</summary>
internal static class OpenJob
{
    private const int Samples = 256,
        Batch = 500;

    public static int Fill(string path, int prompts)
    {
        var clock = Stopwatch.StartNew();
        using (var store = ReferenceStore.Open(path, provenance: null, new ReferenceStoreOptions { FlushToDisk = false }))
        {
            foreach (int[] batch in Enumerable.Range(0, prompts).Chunk(Batch))
                store.Append([
                    .. batch.Select(p => new ReferencePrompt(Prompt(p), Enumerable.Range(0, Samples).Select(i => Reward(p, i)), [])),
                ]);
            Say("append", clock);
            clock.Restart();
        }

        Say("close", clock);
        return 0;
    }

    /// <summary>Opens, and looks up a hundred log-ratios at N = 16.</summary>
    public static int Open(string path)
    {
        var clock = Stopwatch.StartNew();
        using var table = ReferenceTable.Load(path);
        Say("open", clock);
        Measure(table);
        return 0;
    }

    /// <summary>The same through the store, as a run that goes on opens it.</summary>
    public static int OpenStore(string path)
    {
        var clock = Stopwatch.StartNew();
        using var store = ReferenceStore.Open(path, provenance: null);
        Say("open", clock);
        clock.Restart();
        using var table = store.AsTable();
        Say("table", clock);
        Measure(table);
        return 0;
    }

    private static void Measure(ReferenceTable table)
    {
        var clock = Stopwatch.StartNew();
        var bestOfN = table.BestOf(16);
        Say("best of N", clock);
        clock.Restart();
        int prompts = table.Prompts.Length;
        for (int i = 0; i < 100; i++)
        {
            int p = (int)(i * 7919L % prompts);
            bestOfN.LogRatio(new ScoredCompletion(new Completion { Prompt = Prompt(p), Text = "" }, Reward(p, i), -1));
        }

        Say("100 log-ratios", clock);
        GC.Collect();
        foreach (string line in File.ReadLines("/proc/self/status").Where(line => line.StartsWith("RssAnon", StringComparison.Ordinal)))
            Console.WriteLine($"private KiB: {new string([.. line.Where(char.IsDigit)])}");
        var rolled = File.ReadLines("/proc/self/smaps_rollup");
        foreach (string line in rolled.Where(line => line.StartsWith("Private", StringComparison.Ordinal)))
            Console.WriteLine(line);
    }

    private static string Prompt(int prompt) =>
        string.Create(CultureInfo.InvariantCulture, $"prompt {prompt} of a length that prompts have, some sixty characters");

    private static double Reward(int prompt, int sample) => Math.Sin((prompt * 256.0) + sample) * 5;

    private static void Say(string what, Stopwatch clock)
    {
        double processor = Environment.CpuUsage.TotalTime.TotalSeconds;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what} seconds: {clock.Elapsed.TotalSeconds:0.000}, processor until now {processor:0.00}"
            )
        );
    }
}
