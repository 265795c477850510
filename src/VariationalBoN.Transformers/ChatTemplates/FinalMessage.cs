using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Cuts a rendered text after the content of the last message, so that the model goes on with it.</summary>
internal static class FinalMessage
{
    public static StringValue Cut(StringValue text, JsonArray messages, Work work)
    {
        string content = Content(messages);
        string stripped = StringEditing.Strip(new StringValue(content), null, left: true, right: true, work).Text;
        work.Charge((text.Text.Length / 8) + content.Length);
        int start = LastOfData(text, stripped, work);
        if (start < 0)
        {
            throw new ArgumentException(
                "The content of the last message does not appear in the rendered text, so it cannot be continued: the template changes it "
                    + $"or leaves it out. Render without {nameof(ChatTemplateInput.ContinueFinalMessage)}."
            );
        }
        bool keepsSpace = text.Text.AsSpan(start).StartsWith(content);
        return text.Part(0, start + (keepsSpace ? content.Length : stripped.Length));
    }

    /// <summary>The last place of a content that comes from the conversation; where none does, the last of all.</summary>
    private static int LastOfData(StringValue text, string content, Work work)
    {
        int last = Searching.LastIndexOf(text.Text, content);
        for (int start = last; start >= 0; )
        {
            if (IsData(text.Part(start, content.Length)))
                return start;
            int end = start + content.Length - 1;
            start = Searching.LastIndexOf(text.Text.AsSpan(0, Math.Max(end, 0)), content);
            work.Charge(content.Length + ((end - Math.Max(start, 0)) / 8) + 1);
        }

        return last;
    }

    private static bool IsData(StringValue part)
    {
        foreach (MarkRun run in part.Runs)
        {
            if (!run.Marks.HasFlag(Marks.Data))
                return false;
        }

        return true;
    }

    private static string Content(JsonArray messages)
    {
        JsonNode? content =
            messages.Count == 0 ? null
            : messages[^1] is JsonObject message ? message["content"]
            : null;
        if (content is JsonArray parts)
            content = parts.OfType<JsonObject>().LastOrDefault(part => part.ContainsKey("text"))?["text"];
        if (content is JsonValue value && value.TryGetValue(out string? text))
            return text;
        throw new ArgumentException($"{nameof(ChatTemplateInput.ContinueFinalMessage)} needs a last message with a text as its content.");
    }
}
