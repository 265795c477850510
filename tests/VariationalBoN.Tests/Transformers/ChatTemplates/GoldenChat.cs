using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>The golden vectors of chat templates: what the original implementation renders.</summary>
internal static class GoldenChat
{
    private static readonly string[] s_own = ["messages", "tools", "documents", "add_generation_prompt"];

    public static DateTime Date { get; } = new(2026, 1, 15, 12, 34, 56);

    /// <summary>Templates by name, with their group.</summary>
    public static IReadOnlyDictionary<string, (string Group, string Source)> Templates { get; } =
        JsonNode
            .Parse(File.ReadAllText(Place("templates.json")))!
            .AsArray()
            .ToDictionary(template => (string)template!["name"]!, template => ((string)template!["group"]!, (string)template["template"]!));

    public static IReadOnlyList<JsonObject> Cases { get; } = Lines("cases.jsonl");

    public static IReadOnlyList<JsonObject> Expressions { get; } = Lines("expressions.jsonl");

    /// <summary>The lines of a file as objects.</summary>
    public static JsonObject[] Lines(string name) => [.. File.ReadLines(Place(name)).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>The variables of a case, or of an expression, as an input: special tokens apart from the others.</summary>
    public static ChatTemplateInput Input(JsonObject variables)
    {
        bool IsToken(string name) => name.EndsWith("_token", StringComparison.Ordinal);
        return new ChatTemplateInput
        {
            Messages = variables["messages"]?.DeepClone().AsArray() ?? [],
            Tools = variables["tools"]?.DeepClone().AsArray(),
            Documents = variables["documents"]?.DeepClone().AsArray(),
            AddGenerationPrompt = (bool?)variables["add_generation_prompt"] ?? false,
            Variables = new JsonObject(
                variables
                    .Where(entry => !s_own.Contains(entry.Key) && !IsToken(entry.Key))
                    .Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()))
            ),
            SpecialTokens = variables.Where(entry => IsToken(entry.Key)).ToDictionary(entry => entry.Key, entry => (string?)entry.Value),
            Date = Date,
        };
    }

    /// <summary>Renders with these variables; "messages", which every rendering has,
    /// gets another name where it is not among them.</summary>
    public static string Render(string template, JsonObject variables, ChatTemplateBounds? bounds = null)
    {
        if (!variables.ContainsKey("messages"))
            template = template.Replace("messages", "absent", StringComparison.Ordinal);
        return ChatTemplate.Parse(template, bounds: bounds).RenderMarked(Input(variables)).Text;
    }

    /// <summary>What is wrong with an answer; null where it is right.</summary>
    public static string? Fault(string label, JsonObject expected, bool mayRefuse, Func<string> render)
    {
        string text;
        try
        {
            text = render();
        }
        catch (ChatTemplateException error)
        {
            return FaultOfError(label, expected, mayRefuse, error);
        }
        string? right = (string?)expected["expected"] ?? (string?)expected["error"]!["right_too"];
        return text == right ? null : $"{label}: expected {right ?? "an error"}, got {text}";
    }

    private static string? FaultOfError(string label, JsonObject expected, bool mayRefuse, ChatTemplateException error)
    {
        if (expected["error"] is not JsonNode fault)
            return mayRefuse ? null : $"{label}: {error.Message}";
        string? raised = (string?)fault["kind"] == "raise_exception" ? (string?)fault["message"] : null;
        return raised == error.RaisedMessage ? null : $"{label}: expected raise_exception({raised}), got {error.Message}";
    }

    private static string Place(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "chat", name);
}
