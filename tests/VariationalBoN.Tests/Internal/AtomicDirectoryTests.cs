using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Internal;

[Trait("Tier", "fast")]
public sealed class AtomicDirectoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("atomic").FullName;

    private string Target => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void New_directory_appears_whole()
    {
        AtomicDirectory.Write(Target + Path.DirectorySeparatorChar, folder =>
        {
            Assert.False(Directory.Exists(Target));
            File.WriteAllText(Path.Combine(folder, "a"), "1");
        }, _ => true);
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
        Assert.Equal([Path.Combine(Target, "a")], Directory.GetFileSystemEntries(Target));
    }

    [Fact]
    public void Failure_leaves_no_new_directory()
    {
        Assert.Throws<IOException>(() => AtomicDirectory.Write(Target, Fail, _ => true));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Failure_leaves_the_old_files_alone()
    {
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "a"), "old");
        Assert.Throws<IOException>(() => AtomicDirectory.Write(Target, Fail, _ => true));
        Assert.Equal([Path.Combine(Target, "a")], Directory.GetFileSystemEntries(Target));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "a")));
    }

    [Fact]
    public void Namesakes_are_replaced_stale_files_go_and_others_stay()
    {
        Directory.CreateDirectory(Target);
        foreach (string name in new[] { "weights-1", "weights-2", "notes" })
            File.WriteAllText(Path.Combine(Target, name), "old");
        AtomicDirectory.Write(Target, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "index"), "new");
            File.WriteAllText(Path.Combine(folder, "weights-1"), "new");
        }, name => name.StartsWith("weights", StringComparison.Ordinal), "index");
        Assert.Equal(["index", "notes", "weights-1"], Directory.GetFileSystemEntries(Target).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "weights-1")));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "notes")));
    }

    private static void Fail(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "a"), "half");
        throw new IOException("the disk is full");
    }
}
