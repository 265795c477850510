using System.Diagnostics;
using VariationalBoN.References;
using Xunit.Abstractions;

namespace VariationalBoN.Tests.References;

/// <summary>
/// Stores where nothing can be written: on a mount that is read-only where one can be made, and beside what stands in the way everywhere.
/// </summary>
/// <remarks>Tests run as root, whom permissions do not stop.</remarks>
[Trait("Tier", "fast")]
public sealed class StoreReadOnlyTests(ITestOutputHelper output) : StoreFileFixture
{
    private string _seen = "";

    private string View => Folder + "-view";

    public override void Dispose()
    {
        if (_seen.Length > 0 && _seen != Folder)
            Assert.True(Run("umount", _seen));
        if (Directory.Exists(View))
            Directory.Delete(View);
        base.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Store_that_is_closed_is_read(bool mount)
    {
        Make(Store, [Row("a", 0, 3)]);
        string path = Forbid(mount);
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(path));
        Assert.Contains(path, Assert.Throws<IOException>(() => Write(path)).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Store_whose_closing_a_reader_outlived_is_read(bool mount)
    {
        var writer = Write(Store);
        writer.Append([Row("a", 0, 3)]);
        using (StoreReader.Open(Store))
            writer.Dispose();

        Assert.Equal(0, new FileInfo(Log(Store)).Length);
        File.Delete(Store + "-shm");
        foreach (bool hasLog in (bool[])[true, false])
        {
            if (!hasLog)
                File.Delete(Log(Store));
            Assert.Equal([Describe(Row("a", 0, 3))], Contents(_seen.Length == 0 ? Forbid(mount) : Path.Combine(_seen, "store.db")));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Store_whose_log_a_killed_writer_left_is_an_error_with_the_remedy(bool mount)
    {
        byte[] file,
            log;
        using (var writer = Write(Store))
        {
            writer.Append([Row("a", 0, 3)]);
            (file, log) = (File.ReadAllBytes(Store), File.ReadAllBytes(Log(Store)));
        }

        File.WriteAllBytes(Store, file);
        File.WriteAllBytes(Log(Store), log);
        string path = Forbid(mount),
            message = Assert.Throws<IOException>(() => StoreReader.Open(path)).Message;
        Assert.Contains(Log(path), message);
        Assert.Contains("Make the folder writable", message);
        Allow();
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(Store));
    }

    /// <summary>The store where nothing can be written.</summary>
    private string Forbid(bool mount)
    {
        if (mount && OperatingSystem.IsLinux() && Directory.CreateDirectory(View).Exists)
        {
            if (Run("mount", "--bind", Folder, View) && Run("mount", "-o", "remount,ro,bind", View))
            {
                _seen = View;
                return Path.Combine(View, "store.db");
            }

            output.WriteLine("No mount can be made here; what follows has something in the place of files instead.");
        }

        _seen = Folder;
        File.Delete(Store + "-writer");
        Directory.CreateDirectory(Store + "-writer");
        File.Delete(Store + "-shm");
        File.CreateSymbolicLink(Store + "-shm", Named("nowhere/shm"));
        return Store;
    }

    private void Allow()
    {
        if (_seen != Folder)
            return;
        Directory.Delete(Store + "-writer");
        File.Delete(Store + "-shm");
    }

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
