using System.IO.Compression;

namespace VariationalBoN.Tests.Packaging;

[Trait("Tier", "fast")]
public sealed class PackageFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vbon-packages-");

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("1.0.0")]
    [InlineData("12.0.0-ci.1764439453")]
    public void Packages_are_found_at_any_version_though_one_name_begins_another(string version)
    {
        Write("VariationalBoN", version);
        Write("VariationalBoN.Transformers", version);
        var packages = new PackageFolder(_folder.FullName);

        Assert.Equal(["VariationalBoN", "VariationalBoN.Transformers"], packages.Names);
        Assert.All(packages.Names, name => Assert.Equal(version, packages.Metadata(name, "version")));
        Assert.Equal(["VariationalBoN.nuspec"], packages.Files("VariationalBoN"));
        Assert.Equal(["VariationalBoN.pdb"], packages.Symbols("VariationalBoN"));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string name, string version)
    {
        string nuspec = $"<package><metadata><id>{name}</id><version>{version}</version></metadata></package>";
        Add($"{name}.{version}.nupkg", $"{name}.nuspec", nuspec);
        Add($"{name}.{version}.snupkg", $"{name}.pdb", "");
    }

    private void Add(string file, string entry, string content)
    {
        using ZipArchive archive = ZipFile.Open(Path.Combine(_folder.FullName, file), ZipArchiveMode.Create);
        using var writer = new StreamWriter(archive.CreateEntry(entry).Open());
        writer.Write(content);
    }
}
