using VariationalBoN.Tests.Internal;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Checkpoints on a disk that fails, and killed at each step of a save.</summary>
[Trait("Tier", "fast")]
public sealed class CheckpointDiskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("checkpoint-disk-").FullName;
    private byte _state;

    private string Folder => Path.Combine(_root, "run");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)] // replaces the checkpoint that there is
    [InlineData(2)]
    public void Save_that_fails_at_any_step_leaves_the_checkpoint_before_it_and_nothing_else(long step)
    {
        Save(1, state: 5);
        var steps = new List<string>();
        using (var checkpoints = Open(Path.Combine(_root, "other")))
        {
            checkpoints.Save(1);
            using var all = DiskSteps.See((_, what, _) => steps.Add(what));
            checkpoints.Save(step);
        }

        int placed = steps.LastIndexOf("flush folder", steps.Count - (step == 1 ? 1 : 2)); // behind it an older one goes
        for (int failing = 0; failing <= placed; failing++)
        {
            using (var checkpoints = Open(Folder))
            {
                _state = 6;
                using (DiskSteps.Fail((i, _) => i == failing))
                    Assert.ThrowsAny<IOException>(() => checkpoints.Save(step));
                Assert.Equal([1], checkpoints.All.Select(checkpoint => checkpoint.Step));
            }

            Assert.Empty(Directory.EnumerateDirectories(Folder, ".*"));
            Assert.Equal((1L, (byte)5), Restored(Folder));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Kill_at_any_step_leaves_the_checkpoint_before_or_the_new_one(long step)
    {
        Save(1, state: 5);
        _state = 6;
        List<string> kills;
        using (var checkpoints = Open(Folder))
            kills = DiskSteps.Kills(Folder, Path.Combine(_root, "kills"), () => checkpoints.Save(step));

        Assert.True(kills.Count > 8, $"{kills.Count} steps");
        Assert.All(
            kills,
            killed =>
            {
                Assert.Contains(Restored(killed), new[] { (1L, (byte)5), (step, (byte)6) });
                Assert.Empty(Directory.EnumerateDirectories(killed, ".*"));
            }
        );
        Assert.Equal((step, (byte)6), Restored(kills[^1]));
    }

    /// <summary>The folder of the new checkpoint is on the disk before the first older one goes.</summary>
    [Fact]
    public void Older_checkpoint_goes_last()
    {
        var steps = new List<string>();
        using var checkpoints = Open(Folder);
        checkpoints.Save(1);
        using (DiskSteps.See((_, what, path) => steps.Add($"{what} {Path.GetFileName(path)}")))
            checkpoints.Save(2);

        Assert.Equal([2], checkpoints.All.Select(checkpoint => checkpoint.Step));
        Assert.Equal(
            ["rename folder step-00000002", "flush folder run", "rename folder .new-step-00000001", "flush folder run"],
            steps[^4..].Select(step => step.Split('.') is [_, _, _] parts ? string.Join('.', parts[..2]) : step)
        );
    }

    [Fact]
    public void Leftover_that_cannot_be_deleted_ends_no_run()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
            return; // who may do everything can delete everything
        Save(1, 5);
        foreach (string name in new[] { ".new-step-00000001", ".old-step-00000001" })
        {
            string held = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, name)).FullName, "held");
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(held).FullName, "file"), "x");
            File.SetUnixFileMode(held, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        try
        {
            Save(1, 6);
            Assert.Equal((1, (byte)6), Restored(Folder));
        }
        finally
        {
            foreach (string held in Directory.EnumerateDirectories(Folder, "held", SearchOption.AllDirectories))
                File.SetUnixFileMode(held, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private void Save(long step, byte state)
    {
        _state = state;
        using var checkpoints = Open(Folder);
        checkpoints.Save(step);
    }

    private (long Step, byte State) Restored(string folder)
    {
        using var checkpoints = Open(folder);
        return (checkpoints.Restore(), _state);
    }

    private Checkpoints Open(string folder) =>
        new Checkpoints(folder, options: new CheckpointOptions { KeepLast = 1 }).Add(
            "state",
            stream => stream.WriteByte(_state),
            stream => _state = (byte)stream.ReadByte()
        );
}
