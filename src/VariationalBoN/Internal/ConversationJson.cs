using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VariationalBoN.Internal;

/// <summary>The canonical form of a conversation: its messages as they were given,
/// without blanks between tokens. Stateless, thread-safe.</summary>
internal static class ConversationJson
{
    private static readonly JsonDocumentOptions s_reading = new() { AllowDuplicateProperties = false, MaxDepth = 64 };
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 64 };

    /// <exception cref="ArgumentException">It is not valid JSON, or no array of messages.</exception>
    public static string Canonical(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_reading);
            return Written(document.RootElement);
        }
        catch (InvalidOperationException e) // half of a surrogate pair, which no text can hold
        {
            throw new ArgumentException(
                $"The conversation {Shown.Quoted(json)} has a text that is not whole: {e.Message}",
                nameof(json),
                e
            );
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The conversation {Shown.Quoted(json)} is not valid JSON: {e.Message}", nameof(json), e);
        }
    }

    /// <exception cref="ArgumentException">It is no array of messages.</exception>
    public static string Canonical(JsonElement messages) =>
        // read anew: names that stand twice are refused
        messages.ValueKind == JsonValueKind.Array
            ? Canonical(messages.GetRawText())
            : Written(messages);

    /// <summary>A canonical conversation with the assistant's answer to it.</summary>
    public static string Answered(string canonical, string answer)
    {
        JsonArray messages = JsonNode.Parse(canonical)!.AsArray();
        JsonObject last = messages[^1]!.AsObject();
        if ((string?)last["role"] == "assistant" && last["content"]?.GetValueKind() == JsonValueKind.String)
            last["content"] = (string?)last["content"] + answer;
        else
            messages.Add((JsonNode)new JsonObject { ["role"] = "assistant", ["content"] = answer });
        using var document = JsonSerializer.SerializeToDocument(messages);
        return Written(document.RootElement);
    }

    private static string Written(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw Fault($"it is {Kind(messages)}; it must be a list of messages");
        if (messages.GetArrayLength() == 0)
            throw Fault("it has no message; give at least one");
        int number = 0;
        foreach (JsonElement message in messages.EnumerateArray())
            Check(message, number++);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, s_writing))
            messages.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Check(JsonElement message, int number)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw Fault($"message {number} is {Kind(message)}; it must be an object with a role and a content");
        if (
            !message.TryGetProperty("role", out JsonElement role)
            || role.ValueKind != JsonValueKind.String
            || string.IsNullOrWhiteSpace(role.GetString())
        )
            throw Fault($"message {number} has no role; it must name who speaks, such as \"user\"");
        if (
            message.TryGetProperty("content", out JsonElement content)
            && content.ValueKind is not (JsonValueKind.String or JsonValueKind.Array or JsonValueKind.Null)
        )
            throw Fault($"the content of message {number} is {Kind(content)}; it must be a text or a list of parts");
    }

    private static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    private static ArgumentException Fault(string why) => new($"This is no conversation: {why}.");
}
