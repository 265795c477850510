using System.Diagnostics;
using System.Text.Json;
using TorchSharp;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Native;

/// <summary>A project for linux-x64 outside the repository that uses TorchSharp and this repository's build targets.</summary>
public sealed class RelaxedLibraryProject : IDisposable
{
    private const string Library = "libLibTorchSharp.so";
    private static readonly string s_pathInPackage = Path.Combine("runtimes", "linux-x64", "native", Library);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-relaxed-");
    private readonly string _version = typeof(torch).Assembly.GetName().Version!.ToString(3);

    public RelaxedLibraryProject()
    {
        Directory.CreateDirectory(Targets);
        foreach (string file in Directory.GetFiles(Path.Combine(Repository.Root, "src", "VariationalBoN", "buildTransitive")))
            File.Copy(file, Path.Combine(Targets, Path.GetFileName(file)));
        File.WriteAllText(
            Path.Combine(_folder.FullName, "Project.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
                <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
                <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TorchSharp" Version="{_version}" />
              </ItemGroup>
              <Import Project="targets/VariationalBoN.targets" />
            </Project>
            """
        );
        (int exitCode, string output) = Run("dotnet", "restore");
        if (exitCode != 0)
            throw new InvalidOperationException($"The project with TorchSharp cannot be restored:{Environment.NewLine}{output}");
        FirstOutput = Build(Whole);
    }

    /// <summary>A configuration that is built from the start.</summary>
    internal static string Whole => nameof(Whole);

    /// <summary>What the first build of <see cref="Whole"/> printed.</summary>
    internal string FirstOutput { get; }

    /// <summary>The folder of the build targets that the project imports.</summary>
    internal string Targets => Path.Combine(_folder.FullName, "targets");

    /// <summary>The library of TorchSharp's package.</summary>
    internal string InPackage
    {
        get
        {
            using JsonDocument assets = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.FullName, "obj", "project.assets.json")));
            IEnumerable<string> folders = assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name);
            return folders.Select(folder => Path.Combine(folder, "torchsharp", _version, s_pathInPackage)).First(File.Exists);
        }
    }

    /// <summary>Where a build of a configuration puts its relaxed copy.</summary>
    internal string Copy(string configuration) =>
        Path.Combine(_folder.FullName, "obj", configuration, "net10.0", "linux-x64", "relaxed", _version, s_pathInPackage);

    /// <summary>The library in the output of a configuration.</summary>
    internal string Output(string configuration) => Path.Combine(_folder.FullName, "bin", configuration, "net10.0", "linux-x64", Library);

    /// <summary>Builds a configuration, which has folders of its own in bin and obj.</summary>
    /// <returns>What the build printed at minimal verbosity.</returns>
    internal string Build(string configuration, params string[] arguments)
    {
        (int exitCode, string output) = Run("dotnet", [.. Command(configuration), .. arguments]);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>Builds a configuration where no file may grow past so many KiB: the library ends there, and the build fails.</summary>
    internal void BuildWithFileLimit(string configuration, int kibibytes)
    {
        string command = $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"";
        string[] alone = ["-nodeReuse:false", "-p:UseSharedCompilation=false"]; // the limit is not for processes that outlive the build
        (int exitCode, string output) = Run("bash", ["-c", command, "bash", "dotnet", .. Command(configuration), .. alone]);
        Assert.True(exitCode != 0, output);
        Assert.Contains($"{Copy(configuration)} cannot be written", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string[] Command(string configuration) =>
        ["build", "--no-restore", "-c", configuration, "-v", "m", "-nologo", "-tl:off"];

    private (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // which makes a large file of its own
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
