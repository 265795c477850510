using TorchSharp;

namespace VariationalBoN.Tests.Packaging;

[Trait("Tier", "slow")]
public sealed class PackageTests(PackedProjects packed) : IClassFixture<PackedProjects>
{
    private const string Core = "VariationalBoN";
    private readonly PackageFolder _packages = packed.Packages;

    public static TheoryData<string> Packages => [.. PackedProjects.Projects];

    /// <summary>What each package depends on. Natives are the application's choice; what TorchSharp needs comes with it.</summary>
    public static TheoryData<string, string[]> Dependencies =>
        new()
        {
            {
                Core,
                ["MathNet.Numerics", "Microsoft.Data.Sqlite", "Microsoft.Extensions.Logging.Abstractions", "Polly.Core", "TorchSharp"]
            },
            { "VariationalBoN.Cuda", [Core] },
            {
                "VariationalBoN.Extensions.AI",
                [
                    "Microsoft.Extensions.AI.Abstractions",
                    "Microsoft.Extensions.Diagnostics.HealthChecks",
                    "Microsoft.Extensions.Hosting.Abstractions",
                    "Microsoft.Extensions.Http",
                    "Microsoft.Extensions.Options.ConfigurationExtensions",
                    Core,
                    "VariationalBoN.Transformers",
                ]
            },
            { "VariationalBoN.Orleans", ["Microsoft.Orleans.Client", "Microsoft.Orleans.Sdk", "Microsoft.Orleans.Server", Core] },
            { "VariationalBoN.Testing", [Core, "VariationalBoN.Transformers"] },
            { "VariationalBoN.Transformers", ["Microsoft.ML.Tokenizers", Core] },
        };

    [Fact]
    public void Every_project_under_src_is_a_package_of_the_same_version()
    {
        Assert.Equal(PackedProjects.Projects, _packages.Names);
        Assert.Contains(Core, _packages.Names);
        Assert.Single(_packages.Names.Select(name => _packages.Metadata(name, "version")).Distinct());
    }

    [Theory]
    [MemberData(nameof(Dependencies))]
    public void Package_depends_on_what_its_own_code_uses_alone(string package, string[] expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), _packages.Dependencies(package).Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Packages))]
    public void Packages_require_each_other_in_exactly_their_own_version(string package)
    {
        string exact = $"[{_packages.Metadata(package, "version")}]";
        var others = _packages.Dependencies(package).Where(dependency => _packages.Names.Contains(dependency.Key));

        Assert.All(others, dependency => Assert.Equal(exact, dependency.Value));
        Assert.Equal(package != Core, others.Any());
    }

    [Fact]
    public void Library_carries_the_build_targets_that_make_TorchSharp_load()
    {
        IReadOnlyList<string> files = _packages.Files(Core);

        Assert.Contains("buildTransitive/VariationalBoN.targets", files);
        Assert.Contains("buildTransitive/RelaxUnusedSymbolVersions.cs", files);
    }

    [Fact]
    public void The_core_requires_the_TorchSharp_that_it_is_built_with() =>
        Assert.Equal(typeof(torch).Assembly.GetName().Version!.ToString(3), _packages.Dependencies(Core)["TorchSharp"]);

    [Theory]
    [MemberData(nameof(Packages))]
    public void Each_package_says_what_it_is_and_names_no_address(string package)
    {
        Assert.Equal("MIT", _packages.Metadata(package, "license"));
        Assert.Equal("README.md", _packages.Metadata(package, "readme"));
        Assert.NotEmpty(_packages.Metadata(package, "description")!);
        Assert.Null(_packages.Metadata(package, "projectUrl"));
        Assert.DoesNotContain(_packages.Nuspec(package).DescendantsAndSelf(), element => element.Attribute("url") is not null);
    }

    [Fact]
    public void Links_of_the_page_lead_to_the_repository_where_it_has_an_address()
    {
        string page = PackedProjects.ReadmeOf(Core, "https://example.com/library.git");

        Assert.Contains("](https://example.com/library/blob/HEAD/docs/architecture.md)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("](docs/", page, StringComparison.Ordinal);
        Assert.Equal(Repository.Read("README.md"), page.Replace("https://example.com/library/blob/HEAD/", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("InspectRewards")]
    [InlineData("AlignHuggingFace")]
    public void Links_of_the_page_of_a_tool_are_resolved_from_its_own_folder(string sample)
    {
        string page = PackedProjects.ReadmeOfTool(sample, "https://example.com/library");

        Assert.Contains("](https://example.com/library/blob/HEAD/docs/reference-store.md)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("](../", page, StringComparison.Ordinal);
        if (sample == "AlignHuggingFace")
            Assert.Contains(
                "](https://example.com/library/blob/HEAD/samples/AlignHuggingFace/WordJudge.cs)",
                page,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Each_package_brings_its_library_with_documentation_and_symbols(string package)
    {
        IReadOnlyList<string> files = _packages.Files(package);

        Assert.Contains("README.md", files);
        Assert.Contains($"lib/net10.0/{package}.dll", files);
        Assert.Contains($"lib/net10.0/{package}.xml", files);
        Assert.Contains($"lib/net10.0/{package}.pdb", _packages.Symbols(package));
        Assert.Single(files, file => file.EndsWith(".dll", StringComparison.Ordinal)); // no other package's
    }
}
