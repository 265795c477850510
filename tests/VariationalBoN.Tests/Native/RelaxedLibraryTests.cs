namespace VariationalBoN.Tests.Native;

/// <summary>The build targets that give the output a copy of TorchSharp's library in which unused symbol versions are optional.</summary>
[Trait("Tier", "slow")]
public sealed class RelaxedLibraryTests(RelaxedLibraryProject project) : IClassFixture<RelaxedLibraryProject>
{
    private const string OptOut = "RelaxTorchSharpSymbolVersions=false";

    [Fact]
    public void Build_says_in_one_message_what_it_does_and_how_to_switch_it_off()
    {
        string message = Assert.Single(project.FirstOutput.Split('\n'), line => line.Contains("VariationalBoN:", StringComparison.Ordinal));

        Assert.Contains("libLibTorchSharp.so", message, StringComparison.Ordinal);
        Assert.Contains("GLIBCXX_3.4.32", message, StringComparison.Ordinal);
        Assert.Contains(OptOut, message, StringComparison.Ordinal);
        string again = project.Build(RelaxedLibraryProject.Whole); // the copy is up to date
        Assert.DoesNotContain("VariationalBoN:", again, StringComparison.Ordinal);
    }

    [Fact]
    public void Output_gets_a_copy_with_a_few_flags_changed_and_the_package_keeps_its_own()
    {
        byte[] original = File.ReadAllBytes(project.InPackage),
            output = File.ReadAllBytes(project.Output(RelaxedLibraryProject.Whole));

        Assert.Equal(original.Length, output.Length);
        Assert.InRange(original.Zip(output).Count(pair => pair.First != pair.Second), 1, 4); // a byte for each version that became optional
    }

    [Fact]
    public void Switched_off_the_output_gets_the_library_of_the_package()
    {
        const string Configuration = "Off";
        string said = project.Build(Configuration, $"-p:{OptOut}");

        Assert.Equal(File.ReadAllBytes(project.InPackage), File.ReadAllBytes(project.Output(Configuration)));
        Assert.False(File.Exists(project.Copy(Configuration)));
        Assert.DoesNotContain("VariationalBoN:", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Rebuild_leaves_the_file_that_a_running_program_has_loaded_as_it_was_and_gives_the_output_a_new_one()
    {
        string output = project.Output(RelaxedLibraryProject.Whole);
        byte[] relaxed = File.ReadAllBytes(output),
            kept = new byte[relaxed.Length];
        using FileStream loaded = File.Open(output, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        loaded.Write("mark"u8); // tells this file from one that is written anew
        loaded.Flush();

        File.SetLastWriteTimeUtc(Path.Combine(project.Targets, "VariationalBoN.targets"), DateTime.UtcNow);
        project.Build(RelaxedLibraryProject.Whole);

        loaded.Position = 0;
        loaded.ReadExactly(kept);
        Assert.Equal("mark"u8, kept.AsSpan(0, 4));
        Assert.Equal(relaxed.AsSpan(4), kept.AsSpan(4));
        Assert.Equal(relaxed, File.ReadAllBytes(project.Copy(RelaxedLibraryProject.Whole)));
        Assert.Equal(relaxed, File.ReadAllBytes(output));
    }

    [Fact]
    public void Interrupted_write_does_not_count_as_up_to_date()
    {
        if (!OperatingSystem.IsLinux())
            return;
        const string Configuration = "Interrupted";
        string folder = Path.GetDirectoryName(project.Copy(Configuration))!;

        project.BuildWithFileLimit(Configuration, kibibytes: 1024);
        string[] left = Directory.GetFiles(folder);
        project.Build(Configuration);

        Assert.Empty(left);
        Assert.Equal([project.Copy(Configuration)], Directory.GetFiles(folder));
        Assert.Equal(File.ReadAllBytes(project.Output(RelaxedLibraryProject.Whole)), File.ReadAllBytes(project.Output(Configuration)));
    }
}
