using System.Xml.Linq;

namespace VariationalBoN.Tests.Packaging;

[Trait("Tier", "slow")]
public sealed class PackageTests(PackedProjects packed) : IClassFixture<PackedProjects>
{
    [Fact]
    public void Library_depends_on_managed_TorchSharp_and_leaves_the_natives_to_the_application()
    {
        string[] dependencies = [.. Dependencies("VariationalBoN").Keys];

        Assert.Contains("TorchSharp", dependencies);
        Assert.DoesNotContain(dependencies, id => id.StartsWith("TorchSharp-", StringComparison.Ordinal) || id.StartsWith("libtorch", StringComparison.Ordinal));
    }

    [Fact]
    public void Library_carries_the_build_targets_that_make_TorchSharp_load()
    {
        IReadOnlyList<string> files = packed.Files("VariationalBoN");

        Assert.Contains("buildTransitive/VariationalBoN.targets", files);
        Assert.Contains("buildTransitive/RelaxUnusedSymbolVersions.cs", files);
        Assert.Contains("lib/net10.0/VariationalBoN.xml", files);
        Assert.Contains("lib/net10.0/VariationalBoN.pdb", packed.Files("VariationalBoN", "snupkg"));
    }

    [Fact]
    public void Cuda_depends_on_the_library_and_on_the_CUDA_natives_for_Windows()
    {
        Dictionary<string, string> dependencies = Dependencies("VariationalBoN.Cuda");

        Assert.Equal(["TorchSharp-cuda-windows", "VariationalBoN"], dependencies.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("0.107.0", dependencies["TorchSharp-cuda-windows"]);
        Assert.Equal(Metadata("VariationalBoN", "version"), dependencies["VariationalBoN"]);
    }

    [Fact]
    public void Extensions_for_chat_models_depend_on_the_library_and_the_abstractions_alone()
    {
        Dictionary<string, string> dependencies = Dependencies("VariationalBoN.Extensions.AI");

        Assert.Equal(["Microsoft.Extensions.AI.Abstractions", "VariationalBoN"], dependencies.Keys.Except(Dependencies("VariationalBoN").Keys).Order(StringComparer.Ordinal)); // the library's own come with it, as central pins
        Assert.Equal(Metadata("VariationalBoN", "version"), dependencies["VariationalBoN"]);
        Assert.DoesNotContain(Dependencies("VariationalBoN").Keys, id => id.StartsWith("Microsoft.Extensions", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("VariationalBoN")]
    [InlineData("VariationalBoN.Cuda")]
    [InlineData("VariationalBoN.Extensions.AI")]
    public void Each_package_says_what_it_is_and_names_no_address(string package)
    {
        Assert.Equal("MIT", Metadata(package, "license"));
        Assert.Equal("README.md", Metadata(package, "readme"));
        Assert.NotEmpty(Metadata(package, "description")!);
        Assert.Null(Metadata(package, "projectUrl"));
        Assert.Null(packed.Nuspec(package).Descendants().FirstOrDefault(e => e.Name.LocalName == "repository")?.Attribute("url"));
        Assert.Contains("README.md", packed.Files(package));
        Assert.Contains($"lib/net10.0/{package}.dll", packed.Files(package));
    }

    private Dictionary<string, string> Dependencies(string package) => packed.Nuspec(package).Descendants()
        .Where(e => e.Name.LocalName == "dependency")
        .ToDictionary(e => e.Attribute("id")!.Value, e => e.Attribute("version")!.Value);

    private string? Metadata(string package, string name) =>
        packed.Nuspec(package).Descendants().FirstOrDefault((XElement e) => e.Name.LocalName == name)?.Value;
}
