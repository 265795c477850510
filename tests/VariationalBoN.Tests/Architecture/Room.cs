namespace VariationalBoN.Tests.Architecture;

/// <summary>A folder of a package and what it may touch: one row of the table in docs/architecture.md.</summary>
/// <param name="Package">The package, which is also its assembly and its folder under src.</param>
/// <param name="Folder">The folder below the package; empty for the root.</param>
/// <param name="MayUse">The names of the rooms that it may use, these rooms' own namespaces.</param>
/// <param name="Tensors">Whether a type of TorchSharp may stand anywhere in it.</param>
/// <param name="Async">Whether a public member may return a task.</param>
internal sealed record Room(string Package, string Folder, string[] MayUse, bool Tensors, bool Async)
{
    /// <summary>What a room is known by: its namespace, that of its everyday types aside.</summary>
    public string Name => NameOf(Package, Folder);

    public static string NameOf(string package, string folder) => folder.Length == 0 ? package : $"{package}.{folder.Replace('/', '.')}";
}
