using Mono.Cecil;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>No public member is there for nobody: a test, a sample or a benchmark uses it.</summary>
[Trait("Tier", "fast")]
public sealed class UseTests : IDisposable
{
    private static readonly string[] s_programs = ["tests", "samples", "benchmarks"];

    private readonly DefaultAssemblyResolver _resolver = new();

    public UseTests()
    {
        _resolver.AddSearchDirectory(AppContext.BaseDirectory);
        _resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
    }

    public void Dispose() => _resolver.Dispose();

    [Fact]
    public void Each_public_member_is_used_by_a_test_a_sample_or_a_benchmark()
    {
        IEnumerable<string> programs =
        [
            .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "programs"), "*.dll"),
            Path.Combine(AppContext.BaseDirectory, "VariationalBoN.CrashHost.dll"),
            typeof(UseTests).Assembly.Location,
        ];
        var texts = s_programs
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText);
        var used = new UsedMembers(programs.Select(Read), texts);

        var types = Packages.Assemblies.SelectMany(assembly => Read(assembly.Location).GetTypes()).Where(IsPublic);

        Assert.Equal("", string.Join(Environment.NewLine, types.SelectMany(used.UnusedOf)));
    }

    [Fact]
    public void A_member_that_nobody_uses_is_seen()
    {
        TypeDefinition type = Read(typeof(TabularShape).Assembly.Location).GetType(typeof(TabularShape).FullName);

        string[] unused = [.. new UsedMembers([], []).UnusedOf(type)];

        Assert.Equal(8, unused.Length);
        Assert.Contains(unused, member => member.EndsWith("TabularShape::Prefix(System.Int32,System.Int32)", StringComparison.Ordinal));
        Assert.Contains(unused, member => member.EndsWith("TabularShape::Sequences()", StringComparison.Ordinal));
        Assert.Empty(new UsedMembers([Read(typeof(UseTests).Assembly.Location)], []).UnusedOf(type));
    }

    private ModuleDefinition Read(string path) => ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = _resolver });

    /// <summary>The types that the compiler makes for blocks of extensions hold what stands in the outer type as well.</summary>
    private static bool IsPublic(TypeDefinition type) =>
        !type.Name.StartsWith('<') && (type.IsPublic || (type.IsNestedPublic && IsPublic(type.DeclaringType)));
}
