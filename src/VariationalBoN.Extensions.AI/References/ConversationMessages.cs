using System.Text.Json;
using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.References;

/// <summary>Prompts as the messages that a chat model is sent. Stateless, thread-safe.</summary>
internal static class ConversationMessages
{
    /// <summary>A text as one message of the user, a conversation message by message.</summary>
    /// <exception cref="ArgumentException">A message holds more than texts.</exception>
    public static ChatMessage[] Of(Prompt prompt)
    {
        if (!prompt.IsConversation)
            return [new ChatMessage(ChatRole.User, prompt.Text)];
        using JsonDocument document = JsonDocument.Parse(prompt.Canonical);
        return [.. document.RootElement.EnumerateArray().Select(Message)];
    }

    private static ChatMessage Message(JsonElement message, int number)
    {
        foreach (JsonProperty property in message.EnumerateObject())
        {
            if (property.Name is not ("role" or "content" or "name"))
                throw Fault(number, $"has \"{property.Name}\"");
        }

        if (!message.TryGetProperty("content", out JsonElement content) || content.ValueKind == JsonValueKind.Null)
            throw Fault(number, "has no content");
        AIContent[] parts =
            content.ValueKind == JsonValueKind.String
                ? [new TextContent(content.GetString())]
                :
                [
                    .. content
                        .EnumerateArray()
                        .Select(part => new TextContent(Text(part) ?? throw Fault(number, "holds a part that is no text"))),
                ];
        return new ChatMessage(new ChatRole(message.GetProperty("role").GetString()!), parts)
        {
            AuthorName = message.TryGetProperty("name", out JsonElement name) ? name.GetString() : null,
        };
    }

    private static string? Text(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String
        && type.GetString() == "text"
        && part.TryGetProperty("text", out JsonElement text)
        && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;

    private static ArgumentException Fault(int number, string why) =>
        new(
            $"Message {number} of the conversation {why}, which is not sent to a chat model by itself: "
                + $"give {nameof(ChatReferenceSamplerOptions)}.{nameof(ChatReferenceSamplerOptions.Messages)}."
        );
}
