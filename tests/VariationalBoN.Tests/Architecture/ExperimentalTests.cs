using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.RegularExpressions;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What is experimental is marked in the code and stands on the page, under one id.</summary>
[Trait("Tier", "fast")]
public sealed partial class ExperimentalTests
{
    private const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Type[] s_types = [.. Packages.Assemblies.SelectMany(assembly => assembly.GetExportedTypes())];

    private static string[] Ids =>
        [
            .. typeof(ExperimentalIds)
                .GetFields(Public)
                .Select(constant => (string)constant.GetRawConstantValue()!)
                .Order(StringComparer.Ordinal),
        ];

    [Fact]
    public void Page_lists_what_is_marked()
    {
        string[] marked =
        [
            .. s_types
                .SelectMany(type => type.GetMembers(Public).Where(member => member is not Type).Prepend(type))
                .Select(member => (Id: member.GetCustomAttribute<ExperimentalAttribute>()?.DiagnosticId, Name: NameOf(member)))
                .Where(member => member.Id is not null)
                .Select(member => $"{member.Id} {member.Name}")
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        string[] listed =
        [
            .. Rows()
                .SelectMany(row => Name().Matches(row.Names).Select(name => $"{row.Id} {name.Groups[1].Value}"))
                .Order(StringComparer.Ordinal),
        ];

        Assert.Equal(listed, marked);
    }

    [Fact]
    public void Each_id_has_a_constant_a_row_and_a_place_in_the_build()
    {
        string accepted = Regex.Match(Repository.Read("Directory.Build.props"), "<NoWarn>(.*VBON.*)</NoWarn>").Groups[1].Value;

        Assert.Equal(
            [
                ExperimentalIds.Cluster,
                ExperimentalIds.Pools,
                ExperimentalIds.Guidance,
                ExperimentalIds.Gguf,
                ExperimentalIds.SecondJudge,
                ExperimentalIds.EarlyStopping,
            ],
            Ids
        ); // an id keeps its meaning: projects name it
        Assert.Equal(Ids, Rows().Select(row => row.Id));
        Assert.Equal(Ids, accepted.Split(';').Where(id => id.StartsWith("VBON", StringComparison.Ordinal)));
    }

    /// <summary>Whoever holds no id would be told at a call of a settled type, far from what is not settled.</summary>
    [Fact]
    public void Settled_members_speak_of_no_experimental_type()
    {
        var leaking = s_types
            .Where(type => !IsMarked(type))
            .SelectMany(type => type.GetMembers(Public))
            .Where(member => member is not Type && !IsMarked(member) && TypesOf(member).SelectMany(Parts).Any(IsMarked))
            .Select(NameOf);

        Assert.Empty(leaking);
    }

    private static bool IsMarked(MemberInfo member) => member.IsDefined(typeof(ExperimentalAttribute));

    private static string NameOf(MemberInfo member) => member is Type type ? type.Name : $"{member.DeclaringType!.Name}.{member.Name}";

    private static IEnumerable<Type> TypesOf(MemberInfo member) =>
        member switch
        {
            MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
            ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
            PropertyInfo property => [property.PropertyType],
            FieldInfo field => [field.FieldType],
            _ => [],
        };

    private static IEnumerable<Type> Parts(Type type) => type.GetGenericArguments().SelectMany(Parts).Append(type.GetElementType() ?? type);

    private static IEnumerable<(string Id, string Names)> Rows() =>
        Row().Matches(Repository.Read("docs/experimental.md")).Select(row => (row.Groups[1].Value, row.Groups[2].Value));

    [GeneratedRegex(@"^\| (VBON\d+) \| [^|]* \| ([^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();
}
