using System.Diagnostics;
using System.IO.Compression;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The packages of all libraries under src, packed once from what the tests were built against,
/// in a folder of their own.</summary>
public sealed class PackedProjects : IDisposable
{
    /// <summary>A package without a library: files of a sample. <c>.ci/run</c> makes a project from it.</summary>
    internal const string Templates = "VariationalBoN.Templates";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-pack-");

    public PackedProjects()
    {
        string all = Path.Combine(_folder.FullName, "All.proj"),
            output = Path.Combine(_folder.FullName, "packages");
        File.WriteAllText(
            all,
            $"""
            <Project>
              <ItemGroup>
                <Packed Include="{Path.Combine(Repository.Root, "src", "*", "*.csproj")}" Exclude="{Path.Combine(
                Repository.Root,
                "src",
                Templates,
                "*"
            )}" />
              </ItemGroup>
              <Target Name="Pack">
                <MSBuild Projects="@(Packed)" Targets="Pack" BuildInParallel="true" />
              </Target>
            </Project>
            """
        );
        Pack(all, output);
        Packages = new PackageFolder(output);
    }

    /// <summary>The names of all libraries under src, which are those of their packages, in order.</summary>
    internal static IReadOnlyList<string> Projects { get; } =
    [
        .. Directory
            .GetDirectories(Path.Combine(Repository.Root, "src"))
            .SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => name != Templates)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>What was packed.</summary>
    internal PackageFolder Packages { get; }

    /// <summary>The page of a package that is packed with the address of a repository.</summary>
    internal static string ReadmeOf(string project, string repository)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vbon-pack-");
        try
        {
            Pack(Path.Combine(Repository.Root, "src", project, $"{project}.csproj"), folder.FullName, $"-p:RepositoryUrl={repository}");
            using ZipArchive package = ZipFile.OpenRead(folder.GetFiles("*.nupkg").Single().FullName);
            using var page = new StreamReader(package.GetEntry("README.md")!.Open());
            return page.ReadToEnd();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The page of a tool with links to a repository, as its package has it, without packing what a tool brings.</summary>
    internal static string ReadmeOfTool(string sample, string repository)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vbon-pack-");
        try
        {
            Run(
                "msbuild",
                Path.Combine(Repository.Root, "samples", sample, $"{sample}.csproj"),
                "-t:MakeLinksOfReadmeAbsolute",
                $"-p:RepositoryUrl={repository}",
                $"-p:IntermediateOutputPath={folder.FullName}/"
            );
            return File.ReadAllText(Path.Combine(folder.FullName, "README.md"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Pack(string project, string output, params string[] properties)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Name;
        Run(["pack", project, "-c", configuration, "-p:NoBuild=true", $"-p:PackageOutputPath={output}", .. properties]);
    }

    private static void Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:{Environment.NewLine}{said}"
            );
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
