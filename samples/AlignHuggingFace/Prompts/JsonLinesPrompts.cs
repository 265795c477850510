using System.Globalization;
using System.Text.Json;
using VariationalBoN;

namespace AlignHuggingFace.Prompts;

/// <summary>JSON Lines, an object a line. Stateless.</summary>
internal static class JsonLinesPrompts
{
    /// <summary>The prompts: a string is a text, an array of messages a conversation.</summary>
    public static IEnumerable<PromptEntry> Read(string path, string? wanted)
    {
        string? column = null;
        foreach ((long number, ReadOnlyMemory<byte> line) in Utf8File.Lines(Utf8File.Read(path)))
        {
            string place = FormattableString.Invariant($"line {number}"),
                where = $"{path}, {place}";
            if (line.Span.IndexOfAnyExcept(" \t"u8) < 0)
            {
                yield return new PromptEntry(null, place);
                continue;
            }

            using var json = Parse(where, line);
            column = PromptColumn.Choose(where, json.RootElement.EnumerateObject().Select(property => property.Name), column ?? wanted);
            yield return new PromptEntry(ToPrompt(where, column, json.RootElement.GetProperty(column)), place);
        }
    }

    private static JsonDocument Parse(string where, ReadOnlyMemory<byte> line)
    {
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{where}, column {e.BytePositionInLine + 1}: this is not JSON. Each line must be one object, such as {{\"prompt\": "
                        + $"\"The film was\"}}."
                ),
                e
            );
        }

        if (json.RootElement.ValueKind == JsonValueKind.Object)
            return json;
        var kind = json.RootElement.ValueKind;
        json.Dispose();
        throw new InvalidDataException(
            $"{where}: this is {Name(kind)}. Each line must be one object, such as {{\"prompt\": \"The film was\"}}."
        );
    }

    private static Prompt? ToPrompt(string where, string column, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => PromptColumn.ToPrompt(where, column, Text(where, column, value)),
            JsonValueKind.Array => PromptColumn.ToConversation(where, column, value.GetRawText()),
            _ => throw new InvalidDataException(
                $"{where}, column \"{column}\": the value is {Name(value.ValueKind)}. A prompt is a string, or an array of messages."
            ),
        };

    private static string Text(string where, string column, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException(
                $"{where}, column \"{column}\": the string holds half of a surrogate pair (\\ud800 to \\udfff). Cut texts between "
                    + $"characters.",
                e
            );
        }
    }

    private static string Name(JsonValueKind kind) =>
        kind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.Number => "a number",
            JsonValueKind.String => "a string",
            JsonValueKind.Null => "null",
            _ => "true or false",
        };
}
