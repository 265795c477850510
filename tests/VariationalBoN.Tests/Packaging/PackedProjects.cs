using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The packages of all libraries, packed once from what the tests were built against, in a folder of their own.</summary>
public sealed class PackedProjects : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-pack-");

    public PackedProjects()
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Name;
        foreach (string project in (string[])["VariationalBoN", "VariationalBoN.Cuda", "VariationalBoN.Extensions.AI"])
        {
            var start = new ProcessStartInfo("dotnet", ["pack", Path.Combine(Repository.Root, "src", project), "--no-build", "-c", configuration, "-o", _folder.FullName])
            {
                RedirectStandardOutput = true,
            };
            using Process process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"dotnet pack of {project} ended with {process.ExitCode}:{Environment.NewLine}{output}");
        }
    }

    /// <summary>The file names in a package.</summary>
    internal IReadOnlyList<string> Files(string package, string extension = "nupkg")
    {
        using ZipArchive archive = Open(package, extension);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    /// <summary>The nuspec in a package.</summary>
    internal XElement Nuspec(string package)
    {
        using ZipArchive archive = Open(package, "nupkg");
        using Stream stream = archive.GetEntry($"{package}.nuspec")!.Open();
        return XElement.Load(stream);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private ZipArchive Open(string package, string extension) =>
        ZipFile.OpenRead(_folder.GetFiles($"{package}.0.*.{extension}").Single().FullName);
}
