using System.Reflection;
using System.Xml.Linq;
using Mono.Cecil;
using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>
/// The rules of docs/architecture.md, held against the compiled packages. That each rule can
/// fail is shown in <see cref="ArchitectureProofs"/>.
/// </summary>
[Trait("Tier", "fast")]
public sealed class ArchitectureTests
{
    private static readonly Type[] s_public = [.. Packages.Assemblies.SelectMany(assembly => assembly.ExportedTypes)];

    public static TheoryData<string> PackageNames => [.. Packages.House.Packages];

    [Fact]
    public void The_page_names_every_package() =>
        Assert.Equal(
            Directory
                .EnumerateDirectories(Path.Combine(Repository.Root, "src"))
                .Select(Path.GetFileName)
                .Where(name => name != PackedProjects.Templates)
                .Order(StringComparer.Ordinal),
            Packages.House.Packages
        );

    [Theory]
    [MemberData(nameof(PackageNames))]
    public void Rooms_use_only_what_they_may(string package)
    {
        using var module = ModuleDefinition.ReadModule(Assembly.Load(package).Location);
        TypeDefinition[] types = [.. module.Types.Where(type => Packages.RoomsOfTypes.GetValueOrDefault(type.FullName, []).Length == 1)];

        Assert.NotEmpty(types);
        Assert.Equal([], types.SelectMany(type => Packages.Rules.Uses(type, RoomOf(type))));
    }

    [Fact]
    public void Each_type_stands_in_a_room_of_the_page_and_in_its_namespace() =>
        Assert.Equal([], Packages.RoomsOfTypes.Keys.SelectMany(Packages.Rules.Place));

    [Fact]
    public void Each_room_of_the_page_has_types() =>
        Assert.Equal([], Packages.House.Rooms.Keys.Except(Packages.RoomsOfTypes.Values.SelectMany(rooms => rooms)));

    [Fact]
    public void Each_everyday_type_of_the_page_exists() =>
        Assert.Equal(
            [],
            Packages.House.EverydayTypes.Select(type => $"{type.Value}.{type.Key}").Except(s_public.Select(type => type.FullName))
        );

    [Fact]
    public void Rooms_do_not_use_each_other_in_a_circle() => Assert.Null(Packages.House.Cycle());

    [Fact]
    public void No_public_member_mixes_tensors_with_tasks() => Assert.Equal([], MemberRules.MixTensorsWithTasks(s_public));

    [Fact]
    public void Rooms_that_are_not_async_return_no_task() =>
        Assert.Equal([], MemberRules.ReturnTasks(s_public.Where(type => !Packages.RoomOf(type).Async)));

    [Fact]
    public void Public_setters_are_init_but_those_that_a_host_fills_in() =>
        Assert.Equal([], MemberRules.HaveSetters(s_public.Where(type => type != typeof(VariationalBoNOptions))));

    [Fact]
    public void Public_types_are_sealed_static_abstract_or_flat() => Assert.Equal([], MemberRules.AreOpen(s_public));

    [Theory]
    [MemberData(nameof(PackageNames))]
    public void Public_members_are_documented(string package)
    {
        XDocument comments = XDocument.Load(Path.ChangeExtension(Assembly.Load(package).Location, ".xml"));

        Assert.NotEmpty(comments.Descendants("member"));
        Assert.Equal([], MemberRules.HaveEmptyComments(comments));
    }

    private static Room RoomOf(TypeDefinition type) => Packages.House.Rooms[Packages.RoomsOfTypes[type.FullName].Single()];
}
