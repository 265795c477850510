using System.Text.Json;
using System.Text.Json.Serialization;

namespace VariationalBoN.References;

/// <summary>
/// What was drawn of one prompt beside rewards and log pi_ref: an entry to each sample;
/// what is not known is null. Kept as JSON. Not to be changed once made.
/// </summary>
internal sealed record StoreContent
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<FinishReason>(namingPolicy: null, allowIntegerValues: false) },
        AllowDuplicateProperties = false,
        MaxDepth = 8,
    };

    /// <summary>Nothing but rewards is known.</summary>
    public static StoreContent None { get; } = new();

    /// <summary>The texts; null for a sample whose text is not known.</summary>
    public string?[]? Texts { get; init; }

    /// <summary>The token ids of the prompt.</summary>
    public int[]? PromptTokens { get; init; }

    /// <summary>The token ids that were drawn.</summary>
    public int[]?[]? Tokens { get; init; }

    /// <summary>Why each sample ended.</summary>
    public FinishReason?[]? FinishReasons { get; init; }

    /// <summary>The named components of the rewards; null for a sample without that component.</summary>
    public SortedDictionary<string, double?[]>? Components { get; init; }

    /// <summary>Whether nothing is known.</summary>
    [JsonIgnore]
    public bool IsEmpty => Texts is null && PromptTokens is null && Tokens is null && FinishReasons is null && Components is null;

    /// <summary>Reads what <see cref="ToJson"/> writes; fields that it does not know are passed over.</summary>
    /// <exception cref="FormatException">
    /// It is no such JSON, or a column has not an entry to each sample; the message says which.
    /// </exception>
    public static StoreContent Parse(ReadOnlySpan<byte> json, int drawn)
    {
        try
        {
            StoreContent content =
                JsonSerializer.Deserialize<StoreContent>(json, s_json) ?? throw new FormatException("its completions are null.");
            return content.Fault(drawn) is string fault ? throw new FormatException($"{fault}.") : content;
        }
        catch (JsonException e)
        {
            throw new FormatException($"its completions are not the JSON that this library writes ({e.Message})", e);
        }
    }

    /// <summary>UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>What is wrong with the content of so many samples; null when nothing is.</summary>
    public string? Fault(int drawn)
    {
        if (Columns().FirstOrDefault(column => column.Length != drawn) is (string name, int length) && name is not null)
            return $"there are {drawn} samples but {length} entries of {name}";
        for (int i = 0; i < Texts?.Length; i++)
        {
            if (Texts[i] is string text && Internal.Surrogates.FirstHalf(text) is var half and >= 0)
                return $"text {i} holds half of a surrogate pair at character {half}, which no file can keep";
        }

        return Components?.FirstOrDefault(part => part.Value.Any(IsNotFinite)) is { Key: string component }
            ? $"the component \"{component}\" has a value that is not finite"
            : null;
    }

    private static bool IsNotFinite(double? number) => number is double value && !double.IsFinite(value);

    private IEnumerable<(string Name, int Length)> Columns()
    {
        if (Texts is not null)
            yield return ("texts", Texts.Length);
        if (Tokens is not null)
            yield return ("tokens", Tokens.Length);
        if (FinishReasons is not null)
            yield return ("finishReasons", FinishReasons.Length);
        foreach ((string name, double?[] values) in Components ?? [])
            yield return ($"the component \"{name}\"", values?.Length ?? -1);
    }
}
