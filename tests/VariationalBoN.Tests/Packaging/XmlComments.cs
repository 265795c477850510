using System.Reflection;
using System.Xml.Linq;
using VariationalBoN.Tests.Architecture;

namespace VariationalBoN.Tests.Packaging;

/// <summary>The comments of public members, as the packages carry them.</summary>
internal static class XmlComments
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<string, XElement> s_members = Packages
        .Assemblies.SelectMany(assembly => XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member"))
        .Select(member => (Id: (string)member.Attribute("name")!, Comment: member))
        .Where(member => member.Id[2..].StartsWith("VariationalBoN", StringComparison.Ordinal)) // not what source generators add
        .ToDictionary(member => member.Id, member => member.Comment);

    /// <summary>The comment of a property.</summary>
    public static XElement Of(PropertyInfo property) => s_members[$"P:{Name(property.DeclaringType!)}.{property.Name}"];

    /// <summary>Identifier and comment of each public type and each of its public and protected members.</summary>
    public static IEnumerable<(string Id, XElement Comment)> OfPublicMembers()
    {
        var types = Packages.Assemblies.SelectMany(assembly => assembly.GetExportedTypes()).ToDictionary(Name);
        foreach ((string id, XElement comment) in s_members)
        {
            string name = id[2..].Split('(')[0];
            if (types.ContainsKey(name))
                yield return (id, comment);
            else if (
                types.TryGetValue(name[..name.LastIndexOf('.')], out Type? type) && IsVisible(type, name[(name.LastIndexOf('.') + 1)..])
            )
                yield return (id, comment);
        }
    }

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private static bool IsVisible(Type type, string member) =>
        type.GetMember(member.Replace('#', '.').Split("``")[0], Declared).Any(IsVisible);

    private static bool IsVisible(MemberInfo member) =>
        member switch
        {
            MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
            _ => true,
        };
}
