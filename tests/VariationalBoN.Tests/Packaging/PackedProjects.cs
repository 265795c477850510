using System.Diagnostics;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The packages of all projects under src, packed once from what the tests were built against, in a folder of their own.</summary>
public sealed class PackedProjects : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-pack-");

    public PackedProjects()
    {
        string all = Path.Combine(_folder.FullName, "All.proj"), output = Path.Combine(_folder.FullName, "packages");
        File.WriteAllText(all, $"""
            <Project>
              <ItemGroup>
                <Packed Include="{Path.Combine(Repository.Root, "src", "*", "*.csproj")}" />
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

    /// <summary>The names of all projects under src, which are those of their packages, in order.</summary>
    internal static IReadOnlyList<string> Projects { get; } =
        [.. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    /// <summary>What was packed.</summary>
    internal PackageFolder Packages { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
