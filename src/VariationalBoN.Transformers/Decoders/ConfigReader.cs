using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Reads a <c>config.json</c> key by key and refuses, by name, what was not asked for:
/// a setting is honoured or an error, never passed over.</summary>
internal sealed class ConfigReader
{
    private readonly JsonObject _keys;
    private readonly string _place;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <param name="keys">The object.</param>
    /// <param name="place">The key that it stands below, for messages; empty for the whole file.</param>
    internal ConfigReader(JsonObject keys, string place = "") => (_keys, _place) = (keys, place.Length == 0 ? "" : $"{place}.");

    /// <summary>The object in the text of a file.</summary>
    /// <exception cref="InvalidDataException">The text is no JSON object, is nested beyond all need, or has a key twice.</exception>
    internal static ConfigReader Parse(string json)
    {
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false };
            var keys =
                JsonNode.Parse(json, documentOptions: options) as JsonObject
                ?? throw new InvalidDataException("the configuration is not a JSON object");
            _ = keys.ToJsonString(); // a text with half a surrogate pair is found here, not where it is read or shown
            return new ConfigReader(keys);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"the configuration is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>Whether a key is there and not null.</summary>
    internal bool Has(string key) => Find(key) is not null;

    /// <summary>Whether a key is there, be it null: for a setting whose absence means something else than null.</summary>
    internal bool Contains(string key) => _keys.ContainsKey(key);

    internal int Int(string key) => IntOrNull(key) ?? throw Missing(key);

    internal int? IntOrNull(string key) => Value<int>(key, "a whole number");

    internal double Double(string key) => DoubleOrNull(key) ?? throw Missing(key);

    internal double? DoubleOrNull(string key) =>
        Value<double>(key, "a number") is not double number ? null
        : double.IsFinite(number) ? number
        : throw Fault(key, _keys[key]!, "a number that is not infinite");

    /// <summary>A whole number with a default; null is refused, since Python takes it for None and stops.</summary>
    internal int Int(string key, int otherwise) => Present(key) ? Int(key) : otherwise;

    /// <summary>A number with a default; null is refused, since Python takes it for None and stops.</summary>
    internal double Double(string key, double otherwise) => Present(key) ? Double(key) : otherwise;

    /// <summary>A number that may be absent; null is refused.</summary>
    internal double? DoubleIfPresent(string key) => Present(key) ? Double(key) : null;

    /// <summary>A text with a default; null is refused, since Python takes it for None and stops.</summary>
    internal string Text(string key, string otherwise) => Present(key) ? Text(key)! : otherwise;

    /// <summary>A switch with a default; null is false, as None in Python.</summary>
    internal bool Bool(string key, bool otherwise) => Value<bool>(key, "true or false") ?? (!Contains(key) && otherwise);

    internal string? Text(string key) =>
        Find(key) is not JsonNode node ? null
        : node is JsonValue value && value.TryGetValue(out string? text) ? text
        : throw Fault(key, node, "a text");

    /// <summary>An object below a key; what of it is not asked for is refused by
    /// <see cref="RequireNothingLeft"/> of its own reader.</summary>
    internal ConfigReader? Object(string key) =>
        Find(key) is not JsonNode node ? null
        : node is JsonObject inside ? new ConfigReader(inside, $"{_place}{key}")
        : throw Fault(key, node, "an object");

    /// <summary>The value of a key as it stands, for what has no simple type; null when absent or null.</summary>
    internal JsonNode? Raw(string key) => Find(key);

    /// <summary>A setting that has some supported values, the first of them what its absence means; null is refused.</summary>
    internal void RequireText(string key, params string[] supported)
    {
        if (Text(key, supported[0]) is var text && !supported.Contains(text))
            throw new InvalidDataException($"{_place}{key} is \"{text}\"; supported: {string.Join(", ", supported)}");
    }

    /// <summary>A setting that has some supported values and may be absent or null.</summary>
    internal void RequireTextOrNull(string key, params string[] supported)
    {
        if (Has(key))
            RequireText(key, supported);
    }

    /// <summary>A switch that has one supported value, which is also what its absence means.</summary>
    internal void RequireBool(string key, bool supported)
    {
        if (Bool(key, supported) != supported)
            throw new InvalidDataException(
                $"{_place}{key} is "
                    + $"{(Has(key) ? supported ? "false" : "true" : "null, which Python takes for false")}; only "
                    + $"{(supported ? "true" : "false")} is supported"
            );
    }

    /// <summary>A number that has one supported value, which is also what its absence means.</summary>
    internal void RequireInt(string key, int supported)
    {
        if (IntOrNull(key) is int value && value != supported)
            throw new InvalidDataException($"{_place}{key} is {value}; only {supported} is supported");
    }

    /// <summary>A setting that is supported only when it is off: null, false, or an empty list or object.</summary>
    internal void RequireEmpty(string key)
    {
        if (!IsOff(Find(key)))
            throw new InvalidDataException($"{_place}{key} is {Value(_keys[key])}; this is not supported");
    }

    /// <summary>Keys that do not change the function that an evaluated model computes, whatever their value.</summary>
    internal void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _seen.Add(key);
    }

    /// <summary>Refuses every key that nothing has asked for or set aside.</summary>
    /// <param name="evenWhenOff">False where an unknown setting that is off (null, false, empty) may pass.</param>
    /// <exception cref="InvalidDataException">The message names them all.</exception>
    internal void RequireNothingLeft(bool evenWhenOff = true)
    {
        string[] left =
        [
            .. _keys
                .Where(pair => !_seen.Contains(pair.Key) && (evenWhenOff || !IsOff(pair.Value)))
                .Select(pair => $"{_place}{pair.Key} = {Value(pair.Value)}"),
        ];
        if (left.Length > 0)
            throw new InvalidDataException(
                $"these settings are not known to this library and might change what the model computes: {string.Join(", ", left)}"
            );
    }

    /// <summary>Whether a key is there; null is refused.</summary>
    private bool Present(string key) =>
        Contains(key)
        && (
            Find(key) is not null
                ? true
                : throw new InvalidDataException(
                    $"{_place}{key} is null, which Python takes for None and not for the default; leave it out or " + "give it a value"
                )
        );

    private JsonNode? Find(string key)
    {
        _seen.Add(key);
        return _keys[key];
    }

    private T? Value<T>(string key, string kind)
        where T : struct =>
        Find(key) is not JsonNode node ? null
        : node is JsonValue value && value.TryGetValue(out T result) ? result
        : throw Fault(key, node, kind);

    private static bool IsOff(JsonNode? node) =>
        node switch
        {
            null => true,
            JsonArray array => array.Count == 0,
            JsonObject inside => inside.Count == 0,
            JsonValue value => value.TryGetValue(out bool on) && !on,
            _ => false,
        };

    private InvalidDataException Missing(string key) => new($"the key {_place}{key} is {(Contains(key) ? "null" : "missing")}");

    private InvalidDataException Fault(string key, JsonNode node, string kind) => new($"{_place}{key} is {Value(node)}; it must be {kind}");

    private static string Value(JsonNode? node) => Shown.Text(node?.ToJsonString() ?? "null");
}
