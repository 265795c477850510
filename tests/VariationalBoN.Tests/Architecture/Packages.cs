using System.Reflection;

namespace VariationalBoN.Tests.Architecture;

/// <summary>The packages as they are compiled, and the page that they are held against.</summary>
internal static class Packages
{
    public static House House { get; } = House.Read();

    /// <summary>The assemblies of the packages that the page names.</summary>
    public static Assembly[] Assemblies { get; } = [.. House.Packages.Select(Assembly.Load)];

    /// <summary>The rooms of all outermost types of all packages.</summary>
    public static Dictionary<string, string[]> RoomsOfTypes { get; } =
        Assemblies
            .SelectMany(assembly => SourceFolders.Of(assembly.Location))
            .Where(type => type.Value.Length > 0 || type.Key.StartsWith("VariationalBoN", StringComparison.Ordinal))
            .ToDictionary();

    public static LayerRules Rules { get; } = new(House, RoomsOfTypes);

    /// <summary>The row of the room in which a type stands.</summary>
    public static Room RoomOf(Type type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return House.Rooms[RoomsOfTypes[type.FullName!].Single()];
    }
}
