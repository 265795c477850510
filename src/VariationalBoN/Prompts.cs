using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN;

/// <summary>Reads prompts from files. Stateless, thread-safe.</summary>
public static class Prompts
{
    /// <summary>
    /// The prompts of a file of JSON Lines, one object a line:
    /// <c>prompt</c> as a text or a list of messages, or <c>messages</c> as such a list.
    /// </summary>
    /// <param name="path">The file, in UTF-8; blank lines are passed over.</param>
    /// <param name="column">The name that holds the prompts;
    /// null for <c>prompt</c>, or <c>messages</c> where a line has no such name.</param>
    /// <returns>The prompts in order, at least one.</returns>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="InvalidDataException">A line holds no prompt, or there is none; file and line are named.</exception>
    public static Prompt[] ReadJsonLines(string path, string? column = null) => JsonLines.Read(path, "prompt", line => Read(line, column));

    private static Prompt Read(string line, string? column)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement row = document.RootElement;
        if (row.ValueKind != JsonValueKind.Object)
            throw new FormatException($"the line is {Kind(row)}; it must be an object with a prompt.");
        if (
            !row.TryGetProperty(column ?? "prompt", out JsonElement value)
            && (column is not null || !row.TryGetProperty("messages", out value))
        )
        {
            string names = string.Join(", ", row.EnumerateObject().Select(property => Shown.Quoted(property.Name)));
            string wanted = column is null ? "\"prompt\" and no \"messages\"" : Shown.Quoted(column);
            throw new FormatException($"there is no {wanted}; the line has {(names.Length == 0 ? "no names" : names)}.");
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => new Prompt(value.GetString()!),
            JsonValueKind.Array => Prompt.Conversation(value),
            _ => throw new FormatException($"the prompt is {Kind(value)}; it must be a text or a list of messages."),
        };
    }

    private static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();
}
