using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace VariationalBoN.Tests.Architecture;

/// <summary>
/// From which folder of the source tree the types of an assembly come, by its debug symbols: the documents of the sequence points of its
/// methods, and, for types without any (interfaces, enumerations), the documents that the compiler notes for the type itself.
/// </summary>
internal static class SourceFolders
{
    /// <summary>"TypeDefinitionDocuments" of the portable PDB format: the row numbers of documents, compressed.</summary>
    private static readonly Guid s_typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    /// <summary>
    /// The rooms of all outermost types by full name; more than one where a partial type is spread.
    /// Types that the compiler makes have none.
    /// </summary>
    public static Dictionary<string, string[]> Of(string assemblyPath)
    {
        string package = Path.GetFileNameWithoutExtension(assemblyPath);
        using var assembly = new PEReader(File.OpenRead(assemblyPath));
        using var symbols = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(assemblyPath, ".pdb")));
        MetadataReader types = assembly.GetMetadataReader(),
            debug = symbols.GetMetadataReader();
        return types
            .TypeDefinitions.Where(handle => types.GetTypeDefinition(handle).GetDeclaringType().IsNil)
            .ToDictionary(
                handle => FullName(types, types.GetTypeDefinition(handle)),
                handle =>
                    WithNested(types, handle)
                        .SelectMany(type => Documents(types, debug, type))
                        .Distinct()
                        .Select(document => Folder(debug.GetString(debug.GetDocument(document).Name), package))
                        .OfType<string>()
                        .Distinct()
                        .Select(folder => Room.NameOf(package, folder))
                        .ToArray()
            );
    }

    /// <summary>The folder of a source file below src/package; null when it is not there, as generated files are not.</summary>
    public static string? Folder(string document, string package)
    {
        string path = document.Replace('\\', '/'),
            start = $"/src/{package}/";
        int at = path.LastIndexOf(start, StringComparison.Ordinal);
        if (at < 0)
            return null;
        string[] parts = path[(at + start.Length)..].Split('/');
        return parts[0] == "obj" ? null : string.Join('/', parts[..^1]);
    }

    private static IEnumerable<TypeDefinitionHandle> WithNested(MetadataReader types, TypeDefinitionHandle type) =>
        types.GetTypeDefinition(type).GetNestedTypes().SelectMany(nested => WithNested(types, nested)).Prepend(type);

    private static IEnumerable<DocumentHandle> Documents(MetadataReader types, MetadataReader debug, TypeDefinitionHandle type)
    {
        foreach (var method in types.GetTypeDefinition(type).GetMethods())
        {
            var information = debug.GetMethodDebugInformation(method);
            if (!information.Document.IsNil)
                yield return information.Document;
            if (information.SequencePointsBlob.IsNil)
                continue;
            foreach (var point in information.GetSequencePoints().Where(point => !point.Document.IsNil))
                yield return point.Document;
        }

        foreach (var handle in debug.GetCustomDebugInformation(type))
        {
            var information = debug.GetCustomDebugInformation(handle);
            if (debug.GetGuid(information.Kind) != s_typeDocuments)
                continue;
            var rows = debug.GetBlobReader(information.Value);
            while (rows.RemainingBytes > 0)
                yield return MetadataTokens.DocumentHandle(rows.ReadCompressedInteger());
        }
    }

    private static string FullName(MetadataReader types, TypeDefinition type)
    {
        string name = types.GetString(type.Name),
            space = types.GetString(type.Namespace);
        return space.Length == 0 ? name : $"{space}.{name}";
    }
}
