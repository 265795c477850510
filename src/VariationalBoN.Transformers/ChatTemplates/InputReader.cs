using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Turns JSON into values of the template language, all of them marked as data.</summary>
internal sealed class InputReader(ChatTemplateBounds bounds)
{
    private static readonly string[] Fixed = ["messages", "tools", "documents", "add_generation_prompt"];

    /// <summary>All variables of a rendering.</summary>
    public Dictionary<string, Value> Read(ChatTemplateInput input)
    {
        var variables = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach ((string name, string? token) in input.SpecialTokens)
            variables[name] = token is null ? NoneValue.Plain : new StringValue(token);
        foreach ((string name, JsonNode? value) in input.Variables ?? [])
            variables[name] = Read(value, "variables." + name, 1);
        foreach (string name in Fixed.Where(variables.ContainsKey))
            throw new ArgumentException($"The variable '{name}' has its own property of {nameof(ChatTemplateInput)}; give it there.");
        variables["messages"] = ReadMessages(input.Messages);
        variables["tools"] = input.Tools is null ? NoneValue.FromInput : Read(input.Tools, "tools", 1);
        variables["documents"] = input.Documents is null ? NoneValue.FromInput : Read(input.Documents, "documents", 1);
        variables["add_generation_prompt"] = BooleanValue.Of(input.AddGenerationPrompt);
        return variables;
    }

    private ListValue ReadMessages(JsonArray messages)
    {
        var items = new Value[messages.Count];
        for (int i = 0; i < items.Length; i++)
            items[i] = messages[i] is JsonObject message
                ? ReadObject(message, $"messages[{i}]", 2, i)
                : Read(messages[i], $"messages[{i}]", 2);
        return new ListValue(items);
    }

    private Value Read(JsonNode? node, string place, int depth)
    {
        if (depth > bounds.MaxNesting)
        {
            string start = place[..Math.Min(place.Length, 60)];
            throw new ArgumentException(
                $"{start}... is nested deeper than {nameof(ChatTemplateBounds)}.{nameof(bounds.MaxNesting)} = {bounds.MaxNesting}."
            );
        }
        Work.CheckStack();
        return node switch
        {
            null => NoneValue.FromInput,
            JsonObject mapping => ReadObject(mapping, place, depth, messageIndex: -1),
            JsonArray list => new ListValue([.. list.Select((item, i) => Read(item, $"{place}[{i}]", depth + 1))]),
            _ => ReadScalar((JsonValue)node, place),
        };
    }

    private MappingValue ReadObject(JsonObject node, string place, int depth, int messageIndex)
    {
        var mapping = new MappingValue(node.Count) { MessageIndex = messageIndex };
        foreach ((string key, JsonNode? value) in node)
            mapping.Set(new StringValue(key, Marks.Data), Read(value, $"{place}.{key}", depth + 1));
        return mapping;
    }

    private Value ReadScalar(JsonValue value, string place)
    {
        try
        {
            return value.GetValueKind() switch
            {
                JsonValueKind.String => new StringValue(
                    value.TryGetValue(out string? text) ? text : JsonSerializer.Deserialize<string>(value.ToJsonString())!,
                    Marks.Data
                ),
                JsonValueKind.True => BooleanValue.FromInput(true),
                JsonValueKind.False => BooleanValue.FromInput(false),
                JsonValueKind.Null => NoneValue.FromInput,
                JsonValueKind.Number => ReadNumber(value, place),
                _ => throw new ArgumentException($"{place} is no JSON value."),
            };
        }
        catch (InvalidOperationException error)
        {
            throw new ArgumentException($"{place} holds half of a surrogate pair, which is no text.", error);
        }
    }

    private Value ReadNumber(JsonValue value, string place)
    {
        string text = value.ToJsonString();
        bool isFloat = text.AsSpan().ContainsAny(".eE") || (!value.TryGetValue(out JsonElement _) && value.TryGetValue(out double _));
        if (isFloat)
            return new FloatValue(double.Parse(text, CultureInfo.InvariantCulture), Marks.Data);
        if (text.Length > bounds.MaxDigits + 1)
        {
            throw new ArgumentException(
                $"{place} has more digits than {nameof(ChatTemplateBounds)}.{nameof(bounds.MaxDigits)} = {bounds.MaxDigits}."
            );
        }
        return IntegerValue.Of(BigInteger.Parse(text, CultureInfo.InvariantCulture), Marks.Data);
    }
}
