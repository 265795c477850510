using System.Collections.Immutable;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>The JSON of docs/remote-rewards.md. Stateless, thread-safe.</summary>
internal static class HttpRewardFormat
{
    /// <summary>{"completions": [{"prompt", "text", "finishReason"}]}.</summary>
    public static void WriteRequest(Utf8JsonWriter json, IReadOnlyList<Completion> completions)
    {
        json.WriteStartObject();
        json.WriteStartArray("completions");
        foreach (Completion completion in completions)
        {
            json.WriteStartObject();
            json.WritePropertyName("prompt");
            if (completion.Prompt.IsConversation)
                json.WriteRawValue(completion.Prompt.Canonical);
            else
                json.WriteStringValue(completion.Prompt.Text);
            json.WriteString("text", completion.Text);
            json.WriteString("finishReason", completion.FinishReason == FinishReason.Length ? "length" : "stopped");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>{"rewards": [numbers], "model": optional string, "components": optional {"name": [numbers]}}.</summary>
    /// <param name="answer">The JSON.</param>
    /// <param name="identity">The name that a model which is told must have.</param>
    /// <param name="hide">Masks what messages show of the answer, before it is cut.</param>
    public static RewardScores ReadAnswer(JsonElement answer, string identity, Func<string, string> hide)
    {
        if (answer.ValueKind != JsonValueKind.Object)
            throw new FormatException($"the answer is {Kind(answer)}, not an object");
        if (Optional(answer, "model") is JsonElement model && (model.ValueKind != JsonValueKind.String || model.GetString() != identity))
            throw new FormatException(
                $"the model behind it is {Shown.Text(hide(model.GetRawText()))}, expected was \"{identity}\"; rewards of two models must "
                    + $"not be mixed"
            );
        ImmutableArray<double> rewards = Numbers(answer, "rewards", hide);
        if (Optional(answer, "components") is not JsonElement components)
            return new RewardScores(rewards);
        if (components.ValueKind != JsonValueKind.Object)
            throw new FormatException($"\"components\" is {Kind(components)}, not an object of arrays");
        try
        {
            return new RewardScores(
                rewards,
                components.EnumerateObject().Select(part => KeyValuePair.Create(part.Name, Numbers(components, part.Name, hide)))
            );
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static JsonElement? Optional(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static ImmutableArray<double> Numbers(JsonElement parent, string name, Func<string, string> hide)
    {
        if (!parent.TryGetProperty(name, out JsonElement list))
            throw new FormatException($"the answer has no \"{Shown.Name(hide(name))}\"");
        if (list.ValueKind != JsonValueKind.Array)
            throw new FormatException($"\"{Shown.Name(hide(name))}\" is {Kind(list)}, not an array of numbers");
        var numbers = ImmutableArray.CreateBuilder<double>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
        {
            numbers.Add(
                item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number)
                    ? number
                    : throw new FormatException(
                        $"\"{Shown.Name(hide(name))}\"[{numbers.Count}] is {Shown.Text(hide(item.GetRawText()))}; it must be a finite "
                            + $"number"
                    )
            );
        }

        return numbers.MoveToImmutable();
    }

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.Null => "null",
            _ => "true or false",
        };
}
