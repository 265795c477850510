using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Chat;

/// <summary>
/// Refuses conversations of which a model would read only a part: images, and messages or parts that the template leaves out.
/// </summary>
/// <remarks>
/// A template is asked by rendering the conversation once more with words of no meaning for its contents: those that do not come out are
/// left out. The answer is kept for each shape of a conversation. Thread-safe.
/// </remarks>
/// <param name="template">Name of the template, for messages.</param>
/// <param name="render">Renders messages.</param>
internal sealed class IgnoredContent(string template, Func<JsonArray, string> render)
{
    private const int MaxShapes = 1_000;
    private const string Remedy = "or let it be left out, as Python does: ChatTokenizerOptions.AllowIgnored";

    private static readonly string[] s_media =
    [
        "image",
        "image_url",
        "input_image",
        "video",
        "video_url",
        "audio",
        "audio_url",
        "input_audio",
        "file",
    ];

    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">The model would not read all of the conversation.</exception>
    public void Refuse(JsonArray messages)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            if (Parts(messages[i]!).FirstOrDefault(part => MediaOf(part) is not null) is JsonObject part)
            {
                throw new ArgumentException(
                    $"Message {i} holds a part of type \"{MediaOf(part)}\", which a language model cannot read. Give its text, {Remedy}."
                );
            }
        }

        var probe = new Probe(messages);
        string shape = probe.Messages.ToJsonString();
        if (!_faults.TryGetValue(shape, out string? fault))
        {
            if (_faults.Count >= MaxShapes)
                _faults.Clear();
            fault = _faults[shape] = FaultOf(probe);
        }

        if (fault.Length > 0)
            throw new ArgumentException(fault);
    }

    private string FaultOf(Probe probe)
    {
        string text;
        try
        {
            text = render(probe.Messages);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return ""; // the template wants certain contents; what it refuses of the conversation itself it will say when that is rendered
        }

        foreach ((string what, string word) in probe.Words)
        {
            if (!text.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return $"The chat template {template} leaves out {what}, so the model would not read it. "
                    + $"Give it in a form that the template knows, {Remedy}.";
            }
        }

        return "";
    }

    private static IEnumerable<JsonObject> Parts(JsonNode message) =>
        message["content"] is JsonArray parts ? parts.OfType<JsonObject>() : [];

    private static string? MediaOf(JsonObject part)
    {
        string? type = TypeOf(part);
        return s_media.Contains(type) ? type
            : type is null ? Array.Find(s_media, part.ContainsKey)
            : null;
    }

    private static string? TypeOf(JsonObject part) => part["type"] is JsonValue value && value.TryGetValue(out string? type) ? type : null;

    /// <summary>A conversation with words of no meaning in place of its contents.</summary>
    private sealed class Probe
    {
        public Probe(JsonArray messages)
        {
            Messages = messages.DeepClone().AsArray();
            for (int i = 0; i < Messages.Count; i++)
                Replace(Messages[i]!.AsObject(), $"message {i} (role {Shown.Quoted(Messages[i]!["role"]!.GetValue<string>())})");
        }

        public JsonArray Messages { get; }

        /// <summary>Each word with what it stands for.</summary>
        public List<(string What, string Word)> Words { get; } = [];

        private void Replace(JsonObject message, string what)
        {
            if (IsWords(message["content"]))
                message["content"] = Next(what);
            foreach (JsonObject part in Parts(message))
                ReplacePart(part, what);
            if (message["tool_calls"] is JsonArray calls)
            {
                IEnumerable<JsonObject> functions = calls.OfType<JsonObject>().Select(call => call["function"] as JsonObject ?? call);
                foreach (JsonObject function in functions.Where(IsNamed))
                    function["name"] = Next($"a tool call of {what}");
            }
        }

        /// <summary>One word for all texts of a part: a template may read any of them.</summary>
        private void ReplacePart(JsonObject part, string what)
        {
            string[] keys = [.. part.Where(entry => entry.Key != "type" && IsWords(entry.Value)).Select(entry => entry.Key)];
            if (keys.Length == 0)
                return;
            string word = Next($"a part of type {Shown.Quoted(TypeOf(part) ?? keys[0])} of {what}");
            foreach (string key in keys)
                part[key] = word;
        }

        private string Next(string what)
        {
            string word = string.Create(CultureInfo.InvariantCulture, $"vbonprobe{Words.Count}x");
            Words.Add((what, word));
            return word;
        }

        /// <summary>Whether a value is a text that a model could read: not the empty content beside a tool call.</summary>
        private static bool IsWords(JsonNode? value) =>
            value is JsonValue words && words.TryGetValue(out string? text) && !string.IsNullOrWhiteSpace(text);

        private static bool IsNamed(JsonObject function) => function["name"]?.GetValueKind() == JsonValueKind.String;
    }
}
