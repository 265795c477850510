using System.Collections.Immutable;
using System.Text.Json;

namespace VariationalBoN.References;

/// <summary>Collects the rows of a reference table file, whichever of the three formats they are in. Not thread-safe.</summary>
internal sealed class ReferenceTableRows
{
    private readonly List<ReferencePrompt> _whole = [];
    private readonly Dictionary<Prompt, (List<double> Rewards, List<string> Responses)> _single = [];
    private readonly HashSet<Prompt> _seen = [];
    private ReferenceProvenance? _provenance;
    private int _rows,
        _following;

    /// <summary>Adds a row: our own or the authors' row per prompt (rewards), or their row per sample (text, reward).</summary>
    /// <param name="row">The row.</param>
    /// <param name="isSealed">Whether it has a seal, and is as it was written.</param>
    public void Add(JsonElement row, bool isSealed)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw new FormatException($"a row must be a JSON object, not {row.ValueKind}.");
        Count(row, isSealed);
        Prompt prompt = PromptOf(Required(row, "prompt"));
        ReferenceProvenance? provenance = Provenance(row);
        if (_rows++ > 0 && provenance != _provenance)
            throw new FormatException(
                $"the row comes from another reference, reward model, way of scoring or seed than the rows before it "
                    + $"({provenance?.ToString() ?? "unknown"} instead of {_provenance?.ToString() ?? "unknown"})."
            );
        _provenance = provenance;
        if (row.TryGetProperty("rewards", out _))
            AddPrompt(prompt, row);
        else if (row.TryGetProperty("reward", out JsonElement reward))
            AddSample(prompt, String(Required(row, "text"), "text"), Number(reward, "reward"));
        else
            throw new FormatException(
                "the row has neither \"rewards\" (a row for each prompt) nor \"reward\" and \"text\" (a row for each sample)."
            );
    }

    /// <summary>The table of all rows, prompts in the order of their first row.</summary>
    /// <exception cref="FormatException">The last rows are missing.</exception>
    public ReferenceTable ToTable() =>
        _following > 0
            ? throw new FormatException($"the file ends, and {_following} more rows of a table should follow: it was cut.")
            : new ReferenceTable(
                _whole.Concat(_single.Select(entry => new ReferencePrompt(entry.Key, entry.Value.Rewards, entry.Value.Responses))),
                _provenance
            );

    /// <summary>The samples of a row per prompt.</summary>
    public static ReferencePrompt Prompt(JsonElement row)
    {
        Prompt prompt = PromptOf(Required(row, "prompt"));
        double[] rewards = [.. Items(row, "rewards").Select(item => Number(item, "rewards"))];
        string[] responses = row.TryGetProperty("responses", out _)
            ? [.. Items(row, "responses").Select(item => String(item, "responses"))]
            : [];
        if (row.TryGetProperty("tokens", out _))
            return OwnPrompt(prompt, rewards, responses, row);
        if (responses.Length != 0 && responses.Length != rewards.Length)
            throw new FormatException(
                $"there are {rewards.Length} rewards but {responses.Length} responses; there must be one to each reward, or none."
            );
        return new ReferencePrompt(prompt, PromptSamples.Of(prompt, 0, rewards, Excluded(row), [.. responses], [], Components(row)));
    }

    /// <summary>The property "provenance" of a row or a manifest; null when there is none.</summary>
    public static ReferenceProvenance? Provenance(JsonElement row)
    {
        if (!row.TryGetProperty("provenance", out JsonElement value))
            return null;
        ModelIdentity Of(string name) => IdentityJson.Read(Required(value, name));
        return new ReferenceProvenance(
            new ScoringIdentity(Of("reference"), Of("rewardModel"), Of("scoring")),
            Required(value, "seed").GetInt64()
        )
        {
            MoreSeeds = value.TryGetProperty("moreSeeds", out _) ? [.. Items(value, "moreSeeds").Select(seed => seed.GetInt64())] : [],
        };
    }

    /// <summary>A row of ours has a seal and says how many follow it; tables stand one after the other.</summary>
    private void Count(JsonElement row, bool isSealed)
    {
        bool counts = row.TryGetProperty("following", out JsonElement value);
        if (!isSealed && (counts || row.TryGetProperty("check", out _)))
            throw new FormatException("the row is not as it was written: its \"check\" is missing or wrong.");
        int following = counts && value.TryGetInt32(out int number) && number >= 0 ? number : 0;
        if (_following > 0 && (!counts || following != _following - 1))
            throw new FormatException($"{_following} more rows of a table should stand here before any other: some are missing.");
        _following = following;
    }

    private void AddSample(Prompt prompt, string text, double reward)
    {
        if (!text.StartsWith(prompt.Text, StringComparison.Ordinal))
            throw new FormatException($"\"text\" does not start with the prompt \"{prompt}\"; it must be prompt and response together.");
        if (!_single.TryGetValue(prompt, out var entry))
            _single[prompt] = entry = ([], []);
        entry.Rewards.Add(reward);
        entry.Responses.Add(text[prompt.Text.Length..]);
    }

    private void AddPrompt(Prompt prompt, JsonElement row)
    {
        if (!_seen.Add(prompt))
            throw new FormatException($"the prompt \"{prompt}\" has a row already.");
        _whole.Add(Prompt(row));
    }

    private static ReferencePrompt OwnPrompt(Prompt prompt, double[] rewards, string[] responses, JsonElement row)
    {
        ImmutableArray<int> promptTokens = Tokens(Required(row, "promptTokens"), "promptTokens");
        ImmutableArray<int>[] tokens = [.. Items(row, "tokens").Select(item => Tokens(item, "tokens"))];
        double[] logReference = [.. Items(row, "logReference").Select(item => Number(item, "logReference"))];
        int above = Array.FindIndex(logReference, value => !ScoredSample.CanBeLogReference(value));
        if (above >= 0)
            throw new FormatException($"entry {above} of \"logReference\" is {logReference[above]:R}; a log-probability is at most 0.");
        FinishReason[] finish = [.. Items(row, "finishReasons").Select(item => Finish(String(item, "finishReasons")))];
        if (
            responses.Length != rewards.Length
            || tokens.Length != rewards.Length
            || logReference.Length != rewards.Length
            || finish.Length != rewards.Length
        )
            throw new FormatException(
                $"the columns differ in length: {rewards.Length} rewards, {responses.Length} responses, {tokens.Length} tokens, "
                    + $"{logReference.Length} logReference, {finish.Length} finishReasons."
            );
        ImmutableArray<ScoredCompletion> samples =
        [
            .. rewards.Select(
                (reward, i) =>
                    new ScoredCompletion(
                        new Completion
                        {
                            Prompt = prompt,
                            Text = responses[i],
                            PromptTokens = promptTokens,
                            Tokens = tokens[i],
                            FinishReason = finish[i],
                        },
                        reward,
                        logReference[i]
                    )
            ),
        ];
        return new ReferencePrompt(prompt, PromptSamples.Of(prompt, 0, rewards, Excluded(row), [.. responses], samples, Components(row)));
    }

    private static Prompt PromptOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? VariationalBoN.Prompt.Conversation(value) : String(value, "prompt");

    private static IEnumerable<int> Excluded(JsonElement row) =>
        row.TryGetProperty("excluded", out _) ? Items(row, "excluded").Select(place => place.GetInt32()) : [];

    private static IEnumerable<KeyValuePair<string, ImmutableArray<double?>>> Components(JsonElement row)
    {
        if (!row.TryGetProperty("components", out JsonElement value))
            return [];
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException($"\"components\" must be an object of arrays, not {value.ValueKind}.");
        return value
            .EnumerateObject()
            .Select(part =>
                KeyValuePair.Create(
                    part.Name,
                    Items(value, part.Name)
                        .Select(item => item.ValueKind == JsonValueKind.Null ? (double?)null : Number(item, part.Name))
                        .ToImmutableArray()
                )
            );
    }

    private static FinishReason Finish(string text) =>
        text switch
        {
            nameof(FinishReason.Stopped) => FinishReason.Stopped,
            nameof(FinishReason.Length) => FinishReason.Length,
            _ => throw new FormatException($"\"{text}\" is no finish reason; it must be Stopped or Length."),
        };

    private static JsonElement Required(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) ? value : throw new FormatException($"the row has no \"{name}\".");

    private static JsonElement.ArrayEnumerator Items(JsonElement row, string name)
    {
        JsonElement value = Required(row, name);
        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw new FormatException($"\"{name}\" must be an array, not {value.ValueKind}.");
    }

    private static ImmutableArray<int> Tokens(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.GetInt32())]
            : throw new FormatException($"\"{name}\" must hold arrays of token ids.");

    private static string String(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"\"{name}\" must be a string, not {value.ValueKind}.");

    private static double Number(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"\"{name}\" must hold finite numbers, not {value.GetRawText()}.");
}
