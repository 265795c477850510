using System.Diagnostics;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The packages of all libraries under src, packed once from what the tests were built against, in a folder of their own.</summary>
public sealed class PackedProjects : IDisposable
{
    /// <summary>A package without a library: files of a sample. <c>.ci/run</c> makes a project from it.</summary>
    internal const string Templates = "VariationalBoN.Templates";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-pack-");

    public PackedProjects()
    {
        string all = Path.Combine(_folder.FullName, "All.proj"), output = Path.Combine(_folder.FullName, "packages");
        File.WriteAllText(all, $"""
            <Project>
              <ItemGroup>
                <Packed Include="{Path.Combine(Repository.Root, "src", "*", "*.csproj")}" Exclude="{Path.Combine(Repository.Root, "src", Templates, "*")}" />
              </ItemGroup>
              <Target Name="Pack">
                <MSBuild Projects="@(Packed)" Targets="Pack" BuildInParallel="true" />
              </Target>
            </Project>
            """);
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Name;
        string[] arguments = ["pack", all, "-c", configuration, "-p:NoBuild=true", $"-p:PackageOutputPath={output}"];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"dotnet pack of src ended with {process.ExitCode}:{Environment.NewLine}{said}");
        Packages = new PackageFolder(output);
    }

    /// <summary>The names of all libraries under src, which are those of their packages, in order.</summary>
    internal static IReadOnlyList<string> Projects { get; } =
        [.. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))
            .Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => name != Templates).Order(StringComparer.Ordinal)];

    /// <summary>What was packed.</summary>
    internal PackageFolder Packages { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
