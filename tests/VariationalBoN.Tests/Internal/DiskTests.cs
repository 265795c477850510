using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Internal;

[Trait("Tier", "fast")]
public sealed class DiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("disk-").FullName;

    private string Target => Path.Combine(_folder, "file");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Flush_that_fails_is_told_with_the_file_and_why()
    {
        if (OperatingSystem.IsWindows())
            return; // there is no file there that cannot be flushed
        using var nothing = new FileStream("/dev/null", FileMode.Open, FileAccess.Write);
        string message = Assert.Throws<IOException>(() => Disk.Flush(nothing)).Message;
        Assert.StartsWith("/dev/null could not be brought to the disk: ", message, StringComparison.Ordinal);
        Assert.Contains("22", message, StringComparison.Ordinal); // EINVAL
    }

    [Fact]
    public void Files_and_folders_are_flushed_and_a_folder_that_is_not_there_is_an_error()
    {
        using (var file = new FileStream(Target, FileMode.CreateNew))
        {
            file.WriteByte(1);
            Disk.Flush(file);
        }

        Disk.FlushFolder(_folder);
        Disk.CreateFolder(Path.Combine(_folder, "a", "b"));
        Disk.FlushFolder(Path.Combine(_folder, "a", "b"));
        if (!OperatingSystem.IsWindows())
            Assert.Contains(
                "nowhere",
                Assert.Throws<IOException>(() => Disk.FlushFolder(Path.Combine(_folder, "nowhere"))).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void File_that_fails_on_its_way_is_the_old_one_and_one_that_is_there_was_flushed_with_its_folder()
    {
        File.WriteAllText(Target, "old");
        var steps = new List<string>();
        using (DiskSteps.See((_, what, _) => steps.Add(what)))
            Write("old");
        Assert.Equal(["flush", "rename", "flush folder"], steps);
        foreach (string failing in new[] { "flush", "rename" })
        {
            using var fault = DiskSteps.Fail((_, what) => what == failing);
            Assert.Contains("the disk fails", Assert.Throws<IOException>(() => Write("new")).Message, StringComparison.Ordinal);
            Assert.Equal("old", File.ReadAllText(Target));
            Assert.Equal([Target], Directory.GetFiles(_folder));
        }
    }

    [Fact]
    public void What_a_killed_process_left_of_a_file_goes_with_the_next_save_and_what_another_is_writing_stays()
    {
        string left = Leftovers.NewNameFor(Target),
            mine = Path.Combine(_folder, "file.notes.tmp");
        File.WriteAllText(left, "half");
        Write("old");
        Assert.True(File.Exists(left)); // a process may be about to take hold of it
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddMinutes(-2));
        File.WriteAllText(mine, "of somebody else");
        using (var other = new AtomicFile(Target))
        {
            Write("whole");
            Assert.False(File.Exists(left));
            Assert.Equal(3, Directory.GetFiles(_folder).Length);
            other.Content.WriteByte((byte)'x');
            other.Commit();
        }

        Assert.Equal([Target, mine], Directory.GetFiles(_folder).Order(StringComparer.Ordinal));
        Assert.Equal("x", File.ReadAllText(Target));
    }

    private void Write(string content) => AtomicFile.Write(Target, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(content)));
}
