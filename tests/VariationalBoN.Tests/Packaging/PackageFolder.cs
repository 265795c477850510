using System.IO.Compression;
using System.Xml.Linq;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The packages of a folder by the name that each one's nuspec says; a file name does not tell where its version begins.</summary>
internal sealed class PackageFolder
{
    private readonly Dictionary<string, string> _paths;

    public PackageFolder(string folder) => _paths = Directory.GetFiles(folder, "*.nupkg").ToDictionary(path => Metadata(Read(path), "id")!);

    /// <summary>The names of the packages, in order.</summary>
    public IReadOnlyList<string> Names => [.. _paths.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The nuspec of a package.</summary>
    public XElement Nuspec(string package) => Read(_paths[package]);

    /// <summary>The file names in a package.</summary>
    public IReadOnlyList<string> Files(string package) => Entries(_paths[package]);

    /// <summary>The file names in a package of symbols.</summary>
    public IReadOnlyList<string> Symbols(string package) => Entries(Path.ChangeExtension(_paths[package], "snupkg"));

    /// <summary>A value of a package's metadata; null where it has none.</summary>
    public string? Metadata(string package, string name) => Metadata(Nuspec(package), name);

    /// <summary>The packages that a package depends on, each with its version as the nuspec writes it.</summary>
    public IReadOnlyDictionary<string, string> Dependencies(string package) =>
        Nuspec(package)
            .Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .ToDictionary(element => element.Attribute("id")!.Value, element => element.Attribute("version")!.Value);

    private static string? Metadata(XElement nuspec, string name) =>
        nuspec.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private static XElement Read(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using Stream stream = archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XElement.Load(stream);
    }

    private static string[] Entries(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }
}
