using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;

namespace VariationalBoN.Weights;

/// <summary>The index of weights in several files: which tensor lies in which file.</summary>
/// <param name="Metadata">What the index says beside the names, such as <c>total_size</c>.</param>
/// <param name="Files">File names by tensor name.</param>
internal sealed record WeightIndex(JsonObject Metadata, IReadOnlyDictionary<string, string> Files)
{
    private const long MaxLength = 100_000_000;
    private static readonly JsonWriterOptions Written = new()
    {
        Indented = true,
        IndentSize = 2,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads an index; a file that it names lies beside it or the index is refused.</summary>
    /// <param name="stream">The index.</param>
    /// <param name="extension">How the names of its files end.</param>
    /// <exception cref="InvalidDataException">The index is damaged or names a file elsewhere; the message says where.</exception>
    internal static WeightIndex Read(Stream stream, string extension)
    {
        if (stream.Length > MaxLength)
            throw new InvalidDataException($"at byte 0 of the file: the index is {stream.Length} bytes long; at most {MaxLength} are read");
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
        try
        {
            return Parse(ref reader, extension);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"near byte {reader.BytesConsumed} of the file: the index is not valid: {e.Message}", e);
        }
    }

    /// <summary>Writes the index as Python's <c>json</c> does, names in order.</summary>
    internal void Write(Stream stream)
    {
        using (var json = new Utf8JsonWriter(stream, Written))
        {
            json.WriteStartObject();
            json.WritePropertyName("metadata");
            Metadata.WriteTo(json);
            json.WriteStartObject("weight_map");
            foreach ((string name, string file) in Files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                json.WriteString(name, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static WeightIndex Parse(ref Utf8JsonReader reader, string extension)
    {
        JsonObject? metadata = null;
        Dictionary<string, string>? files = null;
        Begin(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (
                key switch
                {
                    "metadata" => metadata is not null,
                    "weight_map" => files is not null,
                    _ => true,
                }
            )
                throw Fault(reader, $"the key '{Shown.Name(key)}' is listed twice, or is none of metadata and weight_map");
            Begin(ref reader, JsonTokenType.StartObject);
            if (key == "metadata")
                metadata = ParseMetadata(ref reader);
            else
                files = ParseFiles(ref reader, extension);
        }

        reader.Read(); // what follows the object is not valid
        return new WeightIndex(metadata ?? [], files ?? throw Fault(reader, "there is no weight_map"));
    }

    private static JsonObject ParseMetadata(ref Utf8JsonReader reader)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var metadata = new JsonObject();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!metadata.TryAdd(property.Name, JsonNode.Parse(property.Value.GetRawText())))
                throw Fault(reader, $"the metadata have the key '{Shown.Name(property.Name)}' twice");
        }

        return metadata;
    }

    private static Dictionary<string, string> ParseFiles(ref Utf8JsonReader reader, string extension)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            Begin(ref reader, JsonTokenType.String);
            string file = reader.GetString()!;
            if (!IsPlain(file, extension))
                throw Fault(
                    reader,
                    $"'{Shown.Name(name)}' is said to lie in '{Shown.Name(file)}', which is not the name of a {extension} file beside the "
                        + $"index"
                );
            if (!files.TryAdd(name, file))
                throw Fault(reader, $"the tensor '{Shown.Name(name)}' is listed twice");
        }

        return files;
    }

    private static bool IsPlain(string file, string extension) =>
        file.Length <= 255
        && file.EndsWith(extension, StringComparison.Ordinal)
        && file.AsSpan().IndexOfAny("/\\:\0") < 0
        && file[0] != '.';

    private static void Begin(ref Utf8JsonReader reader, JsonTokenType expected)
    {
        if (!reader.Read() || reader.TokenType != expected)
            throw Fault(reader, $"the index is not valid: a {reader.TokenType} stands where a {expected} must");
    }

    private static InvalidDataException Fault(in Utf8JsonReader reader, string text) =>
        new($"near byte {reader.TokenStartIndex} of the file: {text}");
}
