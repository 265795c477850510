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
        AtomicDirectory.Write(
            Target + Path.DirectorySeparatorChar,
            folder =>
            {
                Assert.False(Directory.Exists(Target));
                File.WriteAllText(Path.Combine(folder, "a"), "1");
            },
            _ => true
        );
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
        AtomicDirectory.Write(
            Target,
            folder =>
            {
                File.WriteAllText(Path.Combine(folder, "index"), "new");
                File.WriteAllText(Path.Combine(folder, "weights-1"), "new");
            },
            name => name.StartsWith("weights", StringComparison.Ordinal),
            "index"
        );
        Assert.Equal(
            ["index", "notes", "weights-1"],
            Directory.GetFileSystemEntries(Target).Select(path => Path.GetFileName(path)).Order()
        );
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "weights-1")));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "notes")));
    }

    /// <summary>What is believed is one set: a directory without its last file is refused by readers.</summary>
    [Fact]
    public void Kill_at_each_step_leaves_the_old_files_the_new_ones_or_no_last_one()
    {
        Old();
        List<string> kills = DiskSteps.Kills(Target, Path.Combine(_folder, "kills"), () => Replace("new"));

        Assert.True(kills.Count > 8, $"{kills.Count} steps");
        Assert.All(
            kills,
            killed =>
            {
                string[] read = Read(killed);
                Assert.True(
                    !File.Exists(Path.Combine(killed, "last"))
                        || read.SequenceEqual(["a old", "b old", "last old"])
                        || read.SequenceEqual(["a new", "last new"]),
                    $"{killed}: {string.Join(", ", read)}"
                );
            }
        );
        Assert.Contains(kills, killed => !File.Exists(Path.Combine(killed, "last")));
        foreach (string killed in kills)
        {
            foreach (string left in Directory.GetDirectories(killed))
                // one without a lock may be of a process that is about to take it
                Directory.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-1));
            Replace("next", killed);
            Assert.Equal(["a next", "last next"], Read(killed));
            Assert.Empty(Directory.GetDirectories(killed));
        }
    }

    [Fact]
    public void Failure_at_each_step_puts_the_old_files_back()
    {
        Old();
        int steps;
        using (var all = DiskSteps.See((_, _, _) => { }))
        {
            Replace("old");
            steps = all.Count;
        }

        Old();
        for (int step = 0; step < steps; step++)
        {
            using var fault = DiskSteps.Fail((i, _) => i == step);
            Assert.Throws<IOException>(() => Replace("new"));
            Assert.Equal(["a old", "b old", "last old"], Read(Target));
            Assert.Empty(Directory.GetDirectories(Target));
        }
    }

    [Fact]
    public void One_file_that_alone_differs_is_replaced_in_one_step()
    {
        Old();
        List<string> kills = DiskSteps.Kills(
            Target,
            Path.Combine(_folder, "kills"),
            () =>
                AtomicDirectory.Write(
                    Target,
                    folder =>
                    {
                        File.WriteAllText(Path.Combine(folder, "a"), "new");
                        File.WriteAllText(Path.Combine(folder, "b"), "old");
                        File.WriteAllText(Path.Combine(folder, "last"), "old");
                    },
                    _ => false,
                    "last"
                )
        );

        Assert.All(kills, killed => Assert.Equal(["b old", "last old"], Read(killed)[1..]));
        Assert.Equal("a new", Read(kills[^1])[0]);
    }

    [Fact]
    public void Folder_of_a_save_that_is_under_way_is_not_taken_away()
    {
        Old();
        AtomicDirectory.Write(
            Target,
            outer =>
            {
                File.WriteAllText(Path.Combine(outer, "a"), "outer");
                Replace("inner");
                Assert.True(File.Exists(Path.Combine(outer, "a")));
            },
            _ => false
        );
        Assert.Equal(["a outer", "last inner"], Read(Target));
    }

    private void Old()
    {
        Directory.CreateDirectory(Target);
        foreach (string name in new[] { "a", "b", "last" })
            File.WriteAllText(Path.Combine(Target, name), "old");
    }

    private void Replace(string content, string? target = null) =>
        AtomicDirectory.Write(
            target ?? Target,
            folder =>
            {
                File.WriteAllText(Path.Combine(folder, "last"), content);
                File.WriteAllText(Path.Combine(folder, "a"), content);
            },
            name => name == "b",
            "last"
        );

    private static string[] Read(string folder) =>
        [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {File.ReadAllText(file)}")];

    private static void Fail(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "a"), "half");
        throw new IOException("the disk is full");
    }
}
