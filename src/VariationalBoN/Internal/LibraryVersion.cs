using System.Reflection;

namespace VariationalBoN.Internal;

/// <summary>The version of this library. Stateless, thread-safe.</summary>
internal static class LibraryVersion
{
    /// <summary>Without what source control adds.</summary>
    internal static string Text { get; } = Of(typeof(LibraryVersion).Assembly);

    /// <summary>That of an assembly.</summary>
    internal static string Of(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
