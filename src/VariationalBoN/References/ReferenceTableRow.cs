using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VariationalBoN.References;

/// <summary>
/// A row of a table file as it is written: a prompt with columns of its samples. What is null is left out. Not to be changed once made.
/// </summary>
internal sealed record ReferenceTableRow
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new PromptConverter(), new IdentityConverter(), new JsonStringEnumConverter<FinishReason>() },
    };

    /// <summary>The prompt: a text, or the list of its messages.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>How many rows of the table come after this one.</summary>
    public int? Following { get; init; }

    /// <summary>Where the rewards come from.</summary>
    public Source? Provenance { get; init; }

    /// <summary>The rewards of the samples that have one.</summary>
    public required IEnumerable<double> Rewards { get; init; }

    /// <summary>Their texts.</summary>
    public IEnumerable<string>? Responses { get; init; }

    /// <summary>The named parts of their rewards.</summary>
    public IDictionary<string, IEnumerable<double?>>? Components { get; init; }

    /// <summary>The places, among those drawn, of the samples without a reward.</summary>
    public IEnumerable<int>? Excluded { get; init; }

    /// <summary>The token ids of the prompt.</summary>
    public IEnumerable<int>? PromptTokens { get; init; }

    /// <summary>log pi_ref(y | x) of each sample.</summary>
    public IEnumerable<double>? LogReference { get; init; }

    /// <summary>Why each sample ended.</summary>
    public IEnumerable<FinishReason>? FinishReasons { get; init; }

    /// <summary>The token ids of each sample.</summary>
    public IEnumerable<IEnumerable<int>>? Tokens { get; init; }

    /// <summary>All there is of a prompt.</summary>
    public static ReferenceTableRow Whole(ReferencePrompt prompt, int following, ReferenceProvenance? provenance)
    {
        PromptSamples all = prompt.All;
        bool hasTokens = !all.Samples.IsEmpty;
        return OfRewards(prompt) with
        {
            Following = following,
            Provenance = provenance is null ? null : Source.Of(provenance),
            Components = all.Components.IsEmpty
                ? null
                : new SortedDictionary<string, IEnumerable<double?>>(
                    all.Components.ToDictionary(part => part.Key, part => part.Value.AsEnumerable()),
                    StringComparer.Ordinal
                ),
            Excluded = prompt.Excluded > 0 ? all.PlacesWithoutReward : null,
            PromptTokens = hasTokens ? all.Samples[0].Completion.PromptTokens : null,
            LogReference = hasTokens ? all.Samples.Select(sample => sample.LogReference) : null,
            FinishReasons = hasTokens ? all.Samples.Select(sample => sample.Completion.FinishReason) : null,
            Tokens = hasTokens ? all.Samples.Select(sample => sample.Completion.Tokens.AsEnumerable()) : null,
        };
    }

    /// <summary>A row for each prompt as the authors of the paper have it.</summary>
    public static ReferenceTableRow OfRewards(ReferencePrompt prompt) =>
        new()
        {
            Prompt = prompt.Prompt,
            Rewards = prompt.Rewards,
            Responses = prompt.Responses.IsEmpty ? null : prompt.Responses,
        };

    /// <summary>UTF-8 without the end of the line.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>A row for each sample as the authors of the paper have it: prompt, prompt and response together, reward.</summary>
    public static byte[] OfSample(string prompt, string response, double reward) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                prompt,
                text = prompt + response,
                reward,
            },
            s_json
        );

    /// <summary>Where rewards come from.</summary>
    internal sealed record Source(
        ModelIdentity Reference,
        ModelIdentity RewardModel,
        ModelIdentity Scoring,
        long Seed,
        IEnumerable<long>? MoreSeeds
    )
    {
        public static Source Of(ReferenceProvenance from) =>
            new(
                from.Origin.Reference,
                from.Origin.RewardModel,
                from.Origin.Scoring,
                from.Seed,
                from.MoreSeeds.IsEmpty ? null : from.MoreSeeds
            );
    }

    private sealed class PromptConverter : JsonConverter<Prompt>
    {
        public override Prompt Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Prompt value, JsonSerializerOptions options)
        {
            if (value.IsConversation)
                writer.WriteRawValue(value.Canonical);
            else
                writer.WriteStringValue(value.Text);
        }
    }

    private sealed class IdentityConverter : JsonConverter<ModelIdentity>
    {
        public override ModelIdentity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, ModelIdentity value, JsonSerializerOptions options) =>
            writer.WriteRawValue(IdentityJson.Write(value));
    }
}
