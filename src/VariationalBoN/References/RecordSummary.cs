using System.Text.Json;

namespace VariationalBoN.References;

/// <summary>What the side file of a cache keeps of a record: everything but texts, token ids and log-probabilities. Immutable, thread-safe.</summary>
/// <param name="Prompt">The prompt x.</param>
/// <param name="First">Index of the first sample that was drawn.</param>
/// <param name="Following">How many records of the same batch follow.</param>
/// <param name="Excluded">Which of those drawn were left out: places among them, ascending.</param>
/// <param name="Rewards">The rewards of the others, finite.</param>
internal sealed record RecordSummary(string Prompt, int First, int Following, int[] Excluded, double[] Rewards)
{
    /// <summary>Reads a record of a cache without what it does not need.</summary>
    /// <param name="json">The record, seal and all.</param>
    /// <exception cref="FormatException">It is not such a record; the message says why.</exception>
    public static RecordSummary Read(ReadOnlySpan<byte> json)
    {
        if (!RecordSeal.IsIntact(json))
            throw new FormatException("the record is not as it was written: its \"check\" is missing or wrong.");
        try
        {
            return Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"the record is not what this library writes ({e.Message}).", e);
        }
    }

    private static RecordSummary Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        string? prompt = null;
        int first = 0, following = 0;
        var excluded = new List<int>();
        var rewards = new List<double>();
        Require(reader.Read() && reader.TokenType == JsonTokenType.StartObject, "it must be an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "prompt":
                    Require(prompt is null, "the prompt stands twice");
                    prompt = reader.GetString();
                    break;
                case "first":
                    first = reader.GetInt32();
                    break;
                case "following":
                    following = reader.GetInt32();
                    break;
                case "excluded":
                    Require(reader.TokenType == JsonTokenType.StartArray && excluded.Count == 0, "\"excluded\" must be one array");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                        excluded.Add(reader.GetInt32());
                    break;
                case "rewards":
                    Require(reader.TokenType == JsonTokenType.StartArray && rewards.Count == 0, "\"rewards\" must be one array");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                        rewards.Add(reader.GetDouble());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Require(reader.TokenType == JsonTokenType.EndObject && !reader.Read(), "it must be one object");
        Require(prompt is not null, "it has no prompt");
        Require(rewards.TrueForAll(double.IsFinite), "its rewards must be finite");
        int drawn = rewards.Count + excluded.Count;
        Require(drawn > 0, "it must have rewards, or samples that were excluded");
        Require(first >= 0 && following >= 0 && first <= int.MaxValue - (long)drawn, "its counts are out of range");
        for (int i = 0; i < excluded.Count; i++)
            Require(excluded[i] >= (i == 0 ? 0 : excluded[i - 1] + 1L) && excluded[i] < drawn, "\"excluded\" must be places among those drawn, ascending");
        return new RecordSummary(prompt!, first, following, [.. excluded], [.. rewards]);
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new FormatException($"the record is not what this library writes: {rule}.");
    }
}
