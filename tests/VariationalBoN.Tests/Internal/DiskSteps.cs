using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Internal;

/// <summary>Sees each step that a save of this thread takes on its way to the disk:
/// what a kill there leaves, or what an error there does.</summary>
internal sealed class DiskSteps : IDisposable
{
    private readonly Action<int, string, string> _see;

    private DiskSteps(Action<int, string, string> see)
    {
        _see = see;
        Disk.Before = (what, path) => _see(Count++, what, path);
    }

    /// <summary>How many steps were taken.</summary>
    public int Count { get; private set; }

    /// <summary>Calls an action before each step with its number, from 0, what it is and its path.</summary>
    public static DiskSteps See(Action<int, string, string> see) => new(see);

    /// <summary>Keeps what a kill before each step would leave of a folder.</summary>
    public static List<string> Kills(string folder, string snapshots, Action save)
    {
        var kills = new List<string>();
        using (See((step, what, _) => Keep($"{step:00} {what}")))
            save();
        Keep("end");
        return kills;

        void Keep(string name)
        {
            kills.Add(Path.Combine(snapshots, name));
            Copy(folder, kills[^1]);
        }
    }

    /// <summary>Fails the steps with some numbers as a disk does.</summary>
    public static DiskSteps Fail(Func<int, string, bool> isFailing) =>
        See(
            (step, what, path) =>
            {
                if (isFailing(step, what))
                    throw new IOException($"{path}: the disk fails at step {step} ({what})");
            }
        );

    public void Dispose() => Disk.Before = null;

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            if (Path.GetFileName(file) == ".lock")
            {
                File.WriteAllBytes(Path.Combine(to, ".lock"), []); // held by the one that is being killed
                continue;
            }

            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new FileStream(Path.Combine(to, Path.GetFileName(file)), FileMode.CreateNew);
            source.CopyTo(copy);
        }

        foreach (string folder in Directory.GetDirectories(from))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
