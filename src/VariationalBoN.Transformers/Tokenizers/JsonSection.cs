using System.Text.Json;
using System.Text.Unicode;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>An object of a JSON file, read key by key: what was not asked for is refused by name,
/// and every message names file and JSON path.</summary>
internal sealed class JsonSection
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    private static readonly string[] s_partKeys =
    [
        "add_prefix_space",
        "trim_offsets",
        "use_regex",
        "replacement",
        "prepend_scheme",
        "split",
        "str_rep",
        "pattern",
        "behavior",
        "invert",
        "individual_digits",
        "delimiter",
        "length",
        "cls",
        "sep",
        "single",
        "pair",
        "special_tokens",
        "processors",
        "pretokenizers",
        "normalizers",
        "decoders",
        "prefix",
        "cleanup",
        "suffix",
        "content",
        "start",
        "stop",
        "strip_left",
        "strip_right",
        "clean_text",
        "handle_chinese_chars",
        "strip_accents",
        "lowercase",
        "prepend",
        "dropout",
        "unk_token",
        "unk_id",
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "fuse_unk",
        "byte_fallback",
        "ignore_merges",
        "max_input_chars_per_word",
        "precompiled_charsmap",
        "pad_token",
        "word_delimiter_token",
    ];

    private readonly JsonElement _element;
    private readonly string _file;
    private readonly string _path;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    private JsonSection(string file, string path, JsonElement element)
    {
        (_file, _path, _element) = (file, path, element);
        if (element.ValueKind != JsonValueKind.Object)
            throw Fault($"is {Value(element)}; it must be an object");
    }

    internal static JsonSection Parse(string file, byte[] bytes)
    {
        if (!Utf8.IsValid(bytes))
            throw new InvalidDataException($"{file}: byte {Utf8Text.FirstInvalid(bytes)} is not UTF-8.");
        try
        {
            return new JsonSection(file, "$", JsonElement.Parse(bytes, s_options));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                e.LineNumber is null
                    ? $"{file}: {e.Message}"
                    : $"{file}: line {e.LineNumber + 1}, byte {e.BytePositionInLine} of it: not valid JSON.",
                e
            );
        }
        catch (InvalidOperationException e)
        {
            // a lone surrogate, met while names are compared
            throw new InvalidDataException($"{file}: a name holds what is not Unicode: {e.Message}", e);
        }
    }

    internal InvalidDataException Fault(string message) => new($"{_file}: {_path} {message}.");

    internal InvalidDataException Fault(string key, string message) => new($"{_file}: {_path}.{key} {message}.");

    /// <summary>The value of a key; null when it is absent or null.</summary>
    internal JsonElement? Raw(string key)
    {
        _seen.Add(key);
        return _element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Whether a key is there, be it null.</summary>
    internal bool Holds(string key) => _element.TryGetProperty(key, out _);

    internal string Text(string key) => TextOrNull(key) ?? throw Fault(key, "is missing");

    internal string? TextOrNull(string key) => Raw(key) is JsonElement value ? TextOf(key, value) : null;

    internal bool Flag(string key) => FlagOrNull(key) ?? throw Fault(key, "is missing");

    internal bool? FlagOrNull(string key) =>
        Raw(key) is not JsonElement value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Fault(key, $"is {Value(value)}; it must be true or false");

    internal int Count(string key) => CountOrNull(key) ?? throw Fault(key, "is missing");

    /// <summary>A limit, which may be beyond all that a machine holds.</summary>
    internal long LongCount(string key) =>
        Raw(key) is not JsonElement value ? throw Fault(key, "is missing")
        : value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number) ? (long)Math.Min(number, long.MaxValue)
        : throw Fault(key, $"is {Value(value)}; it must be a whole number from 0");

    internal int? CountOrNull(string key) => Raw(key) is JsonElement value ? CountOf(key, value) : null;

    /// <summary>A text with one character.</summary>
    internal string Character(string key) =>
        Text(key) is var text && text.EnumerateRunes().Count() == 1 ? text : throw Fault(key, $"is \"{text}\"; it must be one character");

    internal JsonSection Section(string key) => SectionOrNull(key) ?? throw Fault(key, "is missing");

    internal JsonSection? SectionOrNull(string key) =>
        Raw(key) is JsonElement value ? new JsonSection(_file, $"{_path}.{key}", value) : null;

    internal IEnumerable<JsonSection> Sections(string key) =>
        Elements(key).Select((value, i) => new JsonSection(_file, $"{_path}.{key}[{i}]", value));

    internal IEnumerable<JsonElement> Elements(string key) =>
        Raw(key) is not JsonElement list ? throw Fault(key, "is missing")
        : list.ValueKind == JsonValueKind.Array ? list.EnumerateArray()
        : throw Fault(key, $"is {Value(list)}; it must be a list");

    /// <summary>Every key with its value: for objects whose keys are data.</summary>
    internal IEnumerable<(string Name, JsonElement Value)> Entries()
    {
        foreach (var property in _element.EnumerateObject())
            yield return (NameOf(property), property.Value);
    }

    /// <summary>The object under a key that is data.</summary>
    internal JsonSection Inside(string name, JsonElement value) => new(_file, $"{_path}[\"{name}\"]", value);

    /// <summary>A text below a key of this section.</summary>
    internal string TextOf(string key, JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(key, $"is {Value(value)}; it must be a text");
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{_file}: {_path}.{key} is not Unicode: {e.Message}", e);
        }
    }

    /// <summary>A number of tokens or a token id below a key of this section.</summary>
    internal int CountOf(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw Fault(key, $"is {Value(value)}; it must be a whole number from 0 to {int.MaxValue}");

    /// <summary>A setting with one supported value, which is also what its absence means.</summary>
    internal void Require(string key, string supported)
    {
        if (TextOrNull(key) is string text && text != supported)
            throw Fault(key, $"is \"{text}\"; only \"{supported}\" is supported");
    }

    /// <summary>A setting that must be absent, null or empty.</summary>
    internal void RequireEmpty(string key)
    {
        if (Raw(key) is JsonElement value && Value(value) is not ("{}" or "[]" or "\"\"" or "false"))
            throw Fault(key, $"is {Value(value)}, which is not supported");
    }

    /// <summary>Keys that cannot change what is computed here.</summary>
    internal void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _seen.Add(key);
    }

    /// <summary>
    /// Sets aside the keys of other parts of a <c>tokenizer.json</c>, which the original passes over where they stand by mistake (a
    /// TemplateProcessing with <c>trim_offsets</c>). A key that
    /// no part of version 0.22 knows may be a setting of a later one, and is refused.
    /// </summary>
    internal void IgnoreStray() => Ignore(s_partKeys);

    /// <summary>Refuses every key that nothing has asked for or set aside.</summary>
    internal void RequireNothingLeft()
    {
        string[] left = [.. _element.EnumerateObject().Select(NameOf).Where(name => !_seen.Contains(name))];
        if (left.Length > 0)
            throw Fault($"has settings that are not known to this library and might change the tokens: {string.Join(", ", left)}");
    }

    internal static string Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object when !value.EnumerateObject().Any() => "{}",
            JsonValueKind.Array when value.GetArrayLength() == 0 => "[]",
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            _ => Shown.Text(value.GetRawText()),
        };

    private string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{_file}: {_path} has a key that is not Unicode: {e.Message}", e);
        }
    }
}
