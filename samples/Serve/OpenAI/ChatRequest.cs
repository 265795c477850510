using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Serve.OpenAI;

/// <summary>A request of OpenAI's chat API, read strictly: what this server cannot do is refused, not passed over. Immutable.</summary>
/// <param name="Model">Which of the served models is asked.</param>
/// <param name="Messages">The conversation.</param>
/// <param name="Options">What else the draw depends on.</param>
/// <param name="Stream">Whether the answer comes piece by piece.</param>
/// <param name="IncludeUsage">Whether the stream ends with the numbers of tokens.</param>
internal sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages, ChatOptions Options, bool Stream, bool IncludeUsage)
{
    private const int MaxMessages = 256,
        MaxStops = 4;
    private const double MinTemperature = 1e-3;

    /// <summary>Reads a request.</summary>
    /// <param name="body">Its JSON.</param>
    /// <param name="models">The names of the served models.</param>
    /// <exception cref="RequestException">It is refused.</exception>
    public static ChatRequest Read(JsonElement body, IReadOnlyCollection<string> models)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new RequestException(
                400,
                $"The body is a JSON {body.ValueKind.ToString().ToLowerInvariant()}; it must be an object with \"model\" and \"messages\".",
                "invalid_body"
            );
        string? model = null;
        IReadOnlyList<ChatMessage>? messages = null;
        var options = new ChatOptions();
        bool stream = false,
            usage = false;
        foreach (JsonProperty field in body.EnumerateObject())
        {
            JsonElement value = field.Value;
            if (value.ValueKind == JsonValueKind.Null)
                continue;
            switch (field.Name)
            {
                case "model":
                    model = Text(field);
                    break;
                case "messages":
                    messages = ReadMessages(value);
                    break;
                case "stream":
                    stream = Flag(field);
                    break;
                case "stream_options":
                    usage =
                        value.ValueKind == JsonValueKind.Object
                        && value.TryGetProperty("include_usage", out JsonElement include)
                        && include.ValueKind == JsonValueKind.True;
                    break;
                case "max_tokens" or "max_completion_tokens":
                    options.MaxOutputTokens = (int)Whole(field, 1, int.MaxValue);
                    break;
                case "seed":
                    options.Seed = Whole(field, long.MinValue, long.MaxValue);
                    break;
                case "temperature":
                    options.Temperature = Temperature(field);
                    break;
                case "top_p":
                    options.TopP = (float)Number(field, 0, 1);
                    break;
                case "stop":
                    options.StopSequences = Stops(field);
                    break;
                case "n" when value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int n) || n != 1:
                    throw RequestException.Invalid(
                        "n",
                        $"\"n\" is {value.GetRawText()}; "
                            + "this server gives one answer a request. Ask again for another, with another seed."
                    );
                case "presence_penalty" or "frequency_penalty" when value.ValueKind != JsonValueKind.Number || value.GetDouble() != 0:
                    throw RequestException.Invalid(
                        field.Name,
                        $"\"{field.Name}\" is {value.GetRawText()}; it must be 0, since it would make another distribution."
                    );
                case "response_format"
                    when value.ValueKind != JsonValueKind.Object
                        || !value.TryGetProperty("type", out JsonElement form)
                        || form.ValueKind != JsonValueKind.String
                        || form.GetString() != "text"
                        || value.EnumerateObject().Count() != 1:
                    throw RequestException.Invalid(
                        "response_format",
                        $"\"response_format\" is {Shown(value.GetRawText())}; it must be {{\"type\": \"text\"}}, "
                            + "since these models write texts alone."
                    );
                case "response_format"
                or "n"
                or "presence_penalty"
                or "frequency_penalty"
                or "user"
                or "metadata"
                or "store"
                or "service_tier":
                    break; // nothing that changes the answer
                default:
                    throw new RequestException(
                        400,
                        $"\"{Shown(field.Name)}\" is no option of this server. The options are model, "
                            + "messages, stream, stream_options, max_tokens, max_completion_tokens, seed, temperature, top_p and stop.",
                        "unknown_parameter",
                        field.Name
                    );
            }
        }

        if (model is null)
            throw RequestException.Invalid("model", $"\"model\" is missing; it must be one of {string.Join(", ", models)}.");
        if (!models.Contains(model))
            throw new RequestException(
                404,
                $"There is no model \"{Shown(model)}\" here; the models are {string.Join(", ", models)}.",
                "model_not_found",
                "model"
            );
        if (messages is null)
            throw RequestException.Invalid("messages", "\"messages\" is missing; it must be an array of messages.");
        return new ChatRequest(model, messages, options, stream, usage);
    }

    /// <summary>The beginning of a text from outside, for messages.</summary>
    public static string Shown(string text) => text.Length <= 80 ? text : $"{text[..(char.IsHighSurrogate(text[79]) ? 79 : 80)]}...";

    private static ChatMessage[] ReadMessages(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            throw RequestException.Invalid("messages", "\"messages\" must be an array of at least one message.");
        if (value.GetArrayLength() > MaxMessages)
            throw RequestException.Invalid("messages", $"There are {value.GetArrayLength()} messages; at most {MaxMessages} are taken.");
        return [.. value.EnumerateArray().Select(ReadMessage)];
    }

    private static ChatMessage ReadMessage(JsonElement message, int number)
    {
        string place = $"messages[{number}]";
        if (message.ValueKind != JsonValueKind.Object)
            throw RequestException.Invalid(place, $"\"{place}\" is no object; a message has a role and content.");
        string? unknown = message
            .EnumerateObject()
            .Where(field => field.Name is not ("role" or "content") && field.Value.ValueKind != JsonValueKind.Null)
            .Select(field => field.Name)
            .FirstOrDefault();
        if (unknown is not null)
            throw RequestException.Invalid(place, $"\"{place}\" has \"{Shown(unknown)}\"; a message has a role and content alone.");
        string role =
            message.TryGetProperty("role", out JsonElement named) && named.ValueKind == JsonValueKind.String ? named.GetString()! : "";
        if (role is not ("system" or "developer" or "user" or "assistant"))
            throw RequestException.Invalid(
                place,
                $"The role of \"{place}\" is \"{Shown(role)}\"; it must be system, developer, user or assistant."
            );
        if (!message.TryGetProperty("content", out JsonElement content))
            throw RequestException.Invalid(place, $"\"{place}\" has no content.");
        return new ChatMessage(
            new ChatRole(role == "developer" ? "system" : role),
            content.ValueKind switch
            {
                JsonValueKind.String => [new TextContent(content.GetString())],
                JsonValueKind.Array => [.. content.EnumerateArray().Select(part => (AIContent)new TextContent(Part(part, place)))],
                _ => throw RequestException.Invalid(
                    place,
                    $"The content of \"{place}\" must be a text or an array of parts that are texts."
                ),
            }
        );
    }

    private static string Part(JsonElement part, string place) =>
        part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String
        && type.GetString() == "text"
        && part.TryGetProperty("text", out JsonElement text)
        && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw RequestException.Invalid(place, $"A part of \"{place}\" is no text; these models read texts alone.");

    private static string[] Stops(JsonProperty field)
    {
        string[]? stops = field.Value.ValueKind switch
        {
            JsonValueKind.String => [field.Value.GetString()!],
            JsonValueKind.Array when field.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [
                .. field.Value.EnumerateArray().Select(item => item.GetString()!),
            ],
            _ => null,
        };
        return stops is not null && stops.Length <= MaxStops && stops.All(stop => stop.Length > 0)
            ? stops
            : throw RequestException.Invalid("stop", $"\"stop\" must be a text, or at most {MaxStops} of them, none of them empty.");
    }

    private static string Text(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.String
            ? field.Value.GetString()!
            : throw RequestException.Invalid(field.Name, $"\"{field.Name}\" is {Shown(field.Value.GetRawText())}; it must be a text.");

    private static bool Flag(JsonProperty field) =>
        field.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? field.Value.GetBoolean()
            : throw RequestException.Invalid(
                field.Name,
                $"\"{field.Name}\" is {Shown(field.Value.GetRawText())}; it must be true or false."
            );

    private static long Whole(JsonProperty field, long min, long max) =>
        field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt64(out long number) && number >= min && number <= max
            ? number
            : throw RequestException.Invalid(
                field.Name,
                $"\"{field.Name}\" is {Shown(field.Value.GetRawText())}; it must be a whole number from {min} to {max}."
            );

    private static float Temperature(JsonProperty field)
    {
        double number = Number(field, 0, 2);
        return number is 0 or >= MinTemperature
            ? (float)number
            : throw RequestException.Invalid(
                field.Name,
                $"\"temperature\" is {Shown(field.Value.GetRawText())}; it must be at least "
                    + FormattableString.Invariant($"{MinTemperature}, or 0, which takes the most probable token.")
            );
    }

    private static double Number(JsonProperty field, double min, double max) =>
        field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetDouble(out double number) && number >= min && number <= max
            ? number
            : throw RequestException.Invalid(
                field.Name,
                FormattableString.Invariant(
                    $"\"{field.Name}\" is {Shown(field.Value.GetRawText())}; it must be a number from {min} to {max}."
                )
            );
}
