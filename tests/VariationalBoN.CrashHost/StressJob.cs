using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace VariationalBoN.CrashHost;

/// <summary>
/// Calls everything that talks to libtorch while other threads allocate and so make the garbage collector run:
/// each call must give the very numbers that it gave in quiet.
/// </summary>
/// <remarks>
/// To be run on one core with <c>DOTNET_TieredCompilation=0</c>, where a thread is often stopped inside a native call and an object ends
/// with its last use. A number that nothing holds is then soon freed while libtorch reads it.
/// </remarks>
internal static class StressJob
{
    private const int Block = 100_000; // above the limit of the large object heap: such blocks bring collections of all generations

    /// <summary>Runs each kind of call whose name contains the filter so often, and says how many went wrong; 1 when any did.</summary>
    public static int Run(string golden, int calls, int threads, string filter)
    {
        torch.set_num_threads(1);
        string scratch = Directory.CreateTempSubdirectory("stress").FullName;
        using var resources = new StressResources();
        StressCall[] kinds =
        [
            .. StressModels
                .Calls(golden, resources)
                .Concat(StressLosses.Calls(resources))
                .Concat(StressTraining.Calls(scratch))
                .Where(call => call.Name.Contains(filter, StringComparison.Ordinal)),
        ];
        double[][] quiet = [.. kinds.Select(kind => kind.Call())];
        using var end = new CancellationTokenSource();
        Thread[] allocating = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Allocate(end.Token)) { IsBackground = true })];
        Array.ForEach(allocating, thread => thread.Start());
        int failed = 0;
        for (int i = 0; i < kinds.Length; i++)
            failed += Repeat(kinds[i], quiet[i], calls * kinds[i].Times);
        end.Cancel();
        Array.ForEach(allocating, thread => thread.Join());
        Directory.Delete(scratch, recursive: true);
        return failed == 0 ? 0 : 1;
    }

    private static int Repeat(StressCall kind, double[] expected, int calls)
    {
        var clock = Stopwatch.StartNew();
        int thrown = 0,
            wrong = 0;
        string? first = null;
        for (int call = 0; call < calls; call++)
        {
            try
            {
                if (!kind.Call().AsSpan().SequenceEqual(expected))
                    wrong++;
            }
            catch (Exception e)
            {
                thrown++;
                first ??= e.Message.Split('\n')[0];
            }
        }

        string numbers = $"{calls} calls, {thrown} thrown, {wrong} wrong",
            seconds = clock.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        Console.WriteLine($"{kind.Name}: {numbers}, {seconds} s{(first is null ? "" : $"; {first}")}");
        return thrown + wrong;
    }

    private static void Allocate(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
            GC.KeepAlive(new byte[Block]);
    }
}
