using System.Text.Json.Nodes;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>Says in words where two configurations differ. Stateless, thread-safe.</summary>
internal static class ConfigurationDifferences
{
    internal static IEnumerable<string> Between(JsonNode? stored, JsonNode? given, string place = "")
    {
        if (stored is JsonObject a && given is JsonObject b)
            return a.Select(pair => pair.Key)
                .Union(b.Select(pair => pair.Key))
                .SelectMany(key => Between(Value(a, key), Value(b, key), place.Length == 0 ? key : $"{place}.{key}"));
        return JsonNode.DeepEquals(stored, given)
            ? []
            : [$"{(place.Length == 0 ? "the configuration" : Shown.Name(place))} was {Json(stored)}, here it is {Json(given)}"];
    }

    private static JsonNode? Value(JsonObject json, string key) => json.TryGetPropertyValue(key, out JsonNode? value) ? value : null;

    private static string Json(JsonNode? value) => Shown.Name(value?.ToJsonString() ?? "absent");
}
