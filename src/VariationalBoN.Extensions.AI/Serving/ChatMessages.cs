using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>Messages as a prompt. Stateless, thread-safe.</summary>
internal static class ChatMessages
{
    /// <summary>A conversation, message by message.</summary>
    /// <exception cref="ArgumentException">A message holds more than texts, or there is none.</exception>
    public static Prompt Conversation(IReadOnlyList<ChatMessage> messages)
    {
        var array = new JsonArray();
        for (int i = 0; i < messages.Count; i++)
        {
            var message = new JsonObject { ["role"] = messages[i].Role.Value, ["content"] = Text(messages[i], i) };
            if (messages[i].AuthorName is string name)
                message["name"] = name;
            array.Add((JsonNode)message);
        }

        return array.Count > 0 ? Prompt.Conversation(array.ToJsonString()) : throw NoMessage();
    }

    /// <summary>The text of a single message of the user.</summary>
    /// <exception cref="ArgumentException">There is more, or less.</exception>
    public static Prompt SingleText(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count == 0)
            throw NoMessage();
        return messages.Count == 1 && messages[0].Role == ChatRole.User
            ? new Prompt(Text(messages[0], 0))
            : throw new ArgumentException(
                "The model has no chat template, so that it reads the text of one message of the user alone, and was given messages of "
                    + $"{string.Join(", ", messages.Select(message => message.Role.Value))}. Give one, serve a model with a template, or "
                    + $"set "
                    + $"{nameof(PolicyChatClientOptions)}.{nameof(PolicyChatClientOptions.ReadMessages)}."
            );
    }

    private static string Text(ChatMessage message, int number)
    {
        if (message.Contents.FirstOrDefault(content => content is not TextContent) is AIContent other)
        {
            throw new ArgumentException(
                $"Message {number} (role \"{message.Role.Value}\") holds {other.GetType().Name}, which a "
                    + "language model of texts cannot read; give texts alone."
            );
        }

        return new Prompt(message.Text).Text; // refuses half of a surrogate pair
    }

    private static ArgumentException NoMessage() => new("There is no message; give at least one.");
}
