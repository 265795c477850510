using System.Reflection;

namespace VariationalBoN.Orleans.Internal;

/// <summary>The version of this library. Stateless.</summary>
internal static class LibraryBuild
{
    /// <summary>With what source control adds, so that two builds of one version differ.</summary>
    public static string Text { get; } =
        typeof(Scorer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
