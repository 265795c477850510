using System.Reflection;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>The file <c>manifest.json</c> of a cache: what its records are and where they come from. Immutable, thread-safe.</summary>
/// <param name="Provenance">Where the rewards come from; null when that is not known.</param>
/// <param name="Compression">How records stand on disk.</param>
/// <param name="Library">The version of this library that made the cache.</param>
internal sealed record ReferenceManifest(ReferenceProvenance? Provenance, ReferenceCompression Compression, string Library)
{
    public const string FileName = "manifest.json";
    private const string Format = "VariationalBoN reference cache";
    private const int Version = 1, LongestFile = 1 << 20;
    private static readonly JsonDocumentOptions s_reading = new() { AllowDuplicateProperties = false };

    /// <summary>The version of this library.</summary>
    public static string ThisLibrary { get; } =
        typeof(ReferenceManifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>The name of the file of records.</summary>
    public string SamplesFile => Compression == ReferenceCompression.Gzip ? "samples.jsonl.gz" : "samples.jsonl";

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), stream =>
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteString("format", Format);
        writer.WriteNumber("version", Version);
        writer.WriteString("library", Library);
        writer.WriteString("compression", Compression.ToString());
        if (Provenance is not null)
            ReferenceTableFile.WriteProvenance(writer, Provenance);
        writer.WriteEndObject();
    });

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidDataException">It is not such a file; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ReferenceManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"{folder} is no reference cache: it has no {FileName}. Give the folder of a cache, or an empty or new folder to make one.");
        try
        {
            if (new FileInfo(path).Length > LongestFile)
                throw new FormatException($"it is longer than {LongestFile} bytes.");
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), s_reading);
            return Parse(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{path} cannot be used: {e.Message} Take the file from its source again; the records beside it are not the matter.", e);
        }
    }

    private static ReferenceManifest Parse(JsonElement manifest)
    {
        if (manifest.GetProperty("format").GetString() != Format)
            throw new FormatException($"its format is not \"{Format}\".");
        int version = manifest.GetProperty("version").GetInt32();
        if (version != Version)
            throw new FormatException($"its version is {version}, this library ({ThisLibrary}) reads version {Version}.");
        string compression = manifest.GetProperty("compression").GetString() ?? "null";
        return new ReferenceManifest(
            ReferenceTableRows.Provenance(manifest),
            compression == nameof(ReferenceCompression.None) ? ReferenceCompression.None
                : compression == nameof(ReferenceCompression.Gzip) ? ReferenceCompression.Gzip
                : throw new FormatException($"its compression is \"{compression}\", which is neither None nor Gzip."),
            manifest.GetProperty("library").GetString() ?? throw new FormatException("it names no library version."));
    }
}
