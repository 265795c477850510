using System.Text.Encodings.Web;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>One preference pair as a line of JSON. Stateless, thread-safe.</summary>
internal static class PreferenceJson
{
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="FormatException">It is no pair; the message says why.</exception>
    /// <exception cref="ArgumentException">A prompt or an answer is none.</exception>
    public static PreferencePair Read(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement row = document.RootElement;
        if (row.ValueKind != JsonValueKind.Object)
            throw new FormatException($"the line is {Kind(row)}; it must be an object with prompt, chosen and rejected.");
        Prompt? given = Given(row);
        Answer chosen = Answer.Read(Needed(row, "chosen"), "chosen"),
            rejected = Answer.Read(Needed(row, "rejected"), "rejected");
        Prompt prompt =
            chosen.Before
            ?? rejected.Before
            ?? given
            ?? throw new FormatException(
                "there is no \"prompt\" and no \"messages\", and \"chosen\" does not begin with one. Give the "
                    + "prompt, or answers as lists of messages that begin with it."
            );
        Prompt?[] all = [rejected.Before, given];
        return new PreferencePair
        {
            Prompt = prompt,
            Chosen = chosen.Text,
            Rejected = rejected.Text,
            Margin = Margin(row),
            ChosenFirst = ChosenFirst(row),
            OtherPrompt = Array.Find(all, other => other is not null && other != prompt && !IsLastQuestionOf(prompt, other)),
        };
    }

    public static void Write(Stream stream, PreferencePair pair)
    {
        using (var json = new Utf8JsonWriter(stream, s_writing))
        {
            json.WriteStartObject();
            json.WritePropertyName("prompt");
            if (pair.Prompt.IsConversation)
                json.WriteRawValue(pair.Prompt.Canonical);
            else
                json.WriteStringValue(pair.Prompt.Text);
            json.WriteString("chosen", pair.Chosen);
            json.WriteString("rejected", pair.Rejected);
            if (pair.Margin != 0)
                json.WriteNumber("margin", pair.Margin);
            if (pair.ChosenFirst is bool first)
                json.WriteBoolean("chosen_first", first);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static Prompt? Given(JsonElement row)
    {
        if (!row.TryGetProperty("prompt", out JsonElement value) && !row.TryGetProperty("messages", out value))
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.String => new Prompt(value.GetString()!),
            JsonValueKind.Array => Prompt.Conversation(value),
            _ => throw new FormatException($"the prompt is {Kind(value)}; it must be a text or a list of messages."),
        };
    }

    private static JsonElement Needed(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new FormatException(
                $"there is no \"{name}\"; the line has "
                    + $"{Shown.List(row.EnumerateObject().Select(property => Shown.Quoted(property.Name)), most: 10)}."
            );

    private static double Margin(JsonElement row)
    {
        if (!row.TryGetProperty("margin", out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double margin) && margin >= 0 && double.IsFinite(margin)
            ? margin
            : throw new FormatException($"the margin is {Shown.Text(value.GetRawText())}; it must be a number of at least 0.");
    }

    private static bool? ChosenFirst(JsonElement row) =>
        !row.TryGetProperty("chosen_first", out JsonElement value)
            ? null
            : value.ValueKind switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Null => null,
                _ => throw new FormatException($"chosen_first is {Shown.Text(value.GetRawText())}; it must be true or false."),
            };

    /// <summary>Whether a prompt that is a text is the last message of a conversation, the user's:
    /// then the conversation says the same and more.</summary>
    private static bool IsLastQuestionOf(Prompt conversation, Prompt text)
    {
        if (text.IsConversation || !conversation.IsConversation)
            return false;
        using JsonDocument messages = JsonDocument.Parse(conversation.Canonical);
        JsonElement last = messages.RootElement[messages.RootElement.GetArrayLength() - 1];
        return last.GetProperty("role").ValueEquals("user")
            && last.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String
            && content.ValueEquals(text.Text);
    }

    private static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    /// <summary>An answer and the conversation before it; null where it is a text, or a list of the answer alone.</summary>
    private readonly record struct Answer(string Text, Prompt? Before)
    {
        public static Answer Read(JsonElement value, string name)
        {
            if (value.ValueKind == JsonValueKind.String)
                return new Answer(new Prompt(value.GetString()!).Text, null);
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
                throw new FormatException(
                    $"\"{name}\" is {(value.ValueKind == JsonValueKind.Array ? "an empty list" : Kind(value))}; "
                        + "it must be a text, or a list of messages that ends with the assistant's answer."
                );
            string canonical = Prompt.Conversation(value).Canonical; // which refuses what are no messages
            using JsonDocument document = JsonDocument.Parse(canonical);
            JsonElement[] messages = [.. document.RootElement.EnumerateArray()];
            JsonElement last = messages[^1];
            if (!last.GetProperty("role").ValueEquals("assistant"))
                throw new FormatException(
                    $"the last message of \"{name}\" is the {last.GetProperty("role").GetString()}'s; it must be "
                        + "the assistant's answer."
                );
            if (!last.TryGetProperty("content", out JsonElement content) || content.ValueKind != JsonValueKind.String)
                throw new FormatException(
                    $"the last message of \"{name}\" has no text as content; an answer is a text, without tool " + "calls or media."
                );
            return new Answer(
                content.GetString()!,
                messages.Length == 1
                    ? null
                    : Prompt.Conversation($"[{string.Join(',', messages[..^1].Select(message => message.GetRawText()))}]")
            );
        }
    }
}
