using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN;

/// <summary>Identities as JSON: a string for a name alone, else {"name", "settings": {...}}. Stateless, thread-safe.</summary>
internal static class IdentityJson
{
    private const int Depth = 32;
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions s_reading = new() { AllowDuplicateProperties = false, MaxDepth = 2 * Depth };

    public static string Write(ModelIdentity identity)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
            Write(json, identity);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="FormatException">It is no identity.</exception>
    public static ModelIdentity Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_reading);
            return Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException($"the identity {Shown.Quoted(json)} is not valid JSON: {e.Message}", e);
        }
    }

    /// <exception cref="FormatException">It is no identity.</exception>
    public static ModelIdentity Read(JsonElement json)
    {
        try
        {
            if (json.ValueKind == JsonValueKind.String)
                return new ModelIdentity(json.GetString()!);
            if (
                json.ValueKind != JsonValueKind.Object
                || !json.TryGetProperty("name", out JsonElement name)
                || name.ValueKind != JsonValueKind.String
                || !json.TryGetProperty("settings", out JsonElement settings)
                || settings.ValueKind != JsonValueKind.Object
            )
                throw new FormatException(
                    $"an identity must be a name, or an object of \"name\" and \"settings\", not {Shown.Quoted(json.GetRawText())}"
                );
            return new ModelIdentity(
                name.GetString()!,
                [.. settings.EnumerateObject().Select(setting => (setting.Name, Value(setting.Value)))]
            );
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static void Write(Utf8JsonWriter json, ModelIdentity identity)
    {
        if (identity.Settings.IsEmpty)
        {
            json.WriteStringValue(identity.Name);
            return;
        }

        json.WriteStartObject();
        json.WriteString("name", identity.Name);
        json.WriteStartObject("settings");
        foreach ((string name, IdentityValue value) in identity.Settings)
        {
            json.WritePropertyName(name);
            Write(json, value.Value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object value)
    {
        switch (value)
        {
            case bool yes:
                json.WriteBooleanValue(yes);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteRawValue(Real(number));
                break;
            case ModelIdentity identity when identity.Settings.IsEmpty: // a string would be read as a text
                json.WriteStartObject();
                json.WriteString("name", identity.Name);
                json.WriteStartObject("settings");
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case ModelIdentity identity:
                Write(json, identity);
                break;
            default:
                json.WriteStringValue((string)value);
                break;
        }
    }

    /// <summary>A real number that is read as one: with a point or an exponent.</summary>
    private static string Real(double number)
    {
        string text = number.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text : $"{text}.0";
    }

    private static IdentityValue Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number when value.TryGetInt64(out long number) && !value.GetRawText().AsSpan().ContainsAny('.', 'E', 'e') =>
                number,
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.Object => Read(value),
            _ => throw new FormatException(
                $"a setting of an identity is {Shown.Quoted(value.GetRawText())}; it must be a text, a number, true, false or an identity"
            ),
        };
}
