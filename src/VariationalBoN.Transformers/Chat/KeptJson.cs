using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Chat;

/// <summary>JSON that an object keeps as text: its own, whatever the caller does to the nodes. Stateless, thread-safe.</summary>
internal static class KeptJson
{
    private const int ShownLength = 100;

    /// <summary>JSON as text in which a floating-point number stays one: 1.0 is not 1 to a template.</summary>
    internal static string? Of(JsonNode? node) => WithFloats(node)?.ToJsonString();

    /// <summary>The text for an identity: as it is where it is short, and else its digest.</summary>
    internal static string Shown(string? json) =>
        json is null ? "none"
        : json.Length <= ShownLength ? json
        : $"sha256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)))}";

    private static JsonNode? WithFloats(JsonNode? node) =>
        node switch
        {
            JsonObject mapping => new JsonObject(mapping.Select(entry => KeyValuePair.Create(entry.Key, WithFloats(entry.Value)))),
            JsonArray list => new JsonArray([.. list.Select(WithFloats)]),
            JsonValue value
                when !value.TryGetValue(out JsonElement _)
                    && (value.TryGetValue(out double _) || value.TryGetValue(out float _))
                    && value.ToJsonString() is var text
                    && !text.AsSpan().ContainsAny(".eE") => JsonNode.Parse($"{text}.0"),
            _ => node?.DeepClone(),
        };
}
