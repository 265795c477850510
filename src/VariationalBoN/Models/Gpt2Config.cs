using System.Text.Json;
using System.Text.Json.Nodes;

namespace VariationalBoN.Models;

/// <summary>The shape of a <see cref="Gpt2"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record Gpt2Config
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>V, the number of token ids (<c>vocab_size</c>), at least 1.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence in tokens (<c>n_positions</c>), at least 1.</summary>
    public required int MaximumLength { get; init; }

    /// <summary>The width C of the residual stream (<c>n_embd</c>), a multiple of <see cref="Heads"/>.</summary>
    public required int Width { get; init; }

    /// <summary>The number of blocks (<c>n_layer</c>), at least 1.</summary>
    public required int Layers { get; init; }

    /// <summary>The number of attention heads (<c>n_head</c>), at least 1.</summary>
    public required int Heads { get; init; }

    /// <summary>The width of the hidden layer of each block (<c>n_inner</c>); null for 4 C.</summary>
    public int? InnerWidth { get; init; }

    /// <summary>The activation (<c>activation_function</c>): <c>relu</c>, <c>gelu</c> (exact) or <c>gelu_new</c> (tanh, GPT-2's own; slow on a CPU).</summary>
    public string Activation { get; init; } = "gelu_new";

    /// <summary>The constant added to the variance in layer normalisation (<c>layer_norm_epsilon</c>), above 0.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that <see cref="Gpt2"/> does not do; the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Gpt2Config Load(string path)
    {
        try
        {
            return FromJson(File.ReadAllText(path));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The configuration in the text of a <c>config.json</c>; keys that do not change the function computed are passed over.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or asks for something that <see cref="Gpt2"/> does not do; the message names the key.</exception>
    public static Gpt2Config FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var keys = JsonNode.Parse(json) as JsonObject ?? throw new InvalidDataException("the configuration is not a JSON object");
            Refuse(keys, "model_type", "gpt2");
            Refuse(keys, "tie_word_embeddings", true);
            Refuse(keys, "scale_attn_weights", true);
            Refuse(keys, "scale_attn_by_inverse_layer_idx", false);
            Refuse(keys, "add_cross_attention", false);
            var config = new Gpt2Config
            {
                VocabularySize = Required(keys, "vocab_size"),
                MaximumLength = Required(keys, "n_positions"),
                Width = Required(keys, "n_embd"),
                Layers = Required(keys, "n_layer"),
                Heads = Required(keys, "n_head"),
                InnerWidth = (int?)keys["n_inner"],
                Activation = (string?)keys["activation_function"] ?? "gelu_new",
                LayerNormEpsilon = (double?)keys["layer_norm_epsilon"] ?? 1e-5,
            };
            config.Validate();
            return config;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"this is not a GPT-2 configuration: {e.Message}", e);
        }
    }

    /// <summary>Writes a <c>config.json</c> that <c>transformers</c> reads as well; the file appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>The text of a <c>config.json</c>.</summary>
    /// <returns>Indented JSON.</returns>
    public string ToJson()
    {
        Validate();
        return new JsonObject
        {
            ["architectures"] = new JsonArray("GPT2LMHeadModel"),
            ["model_type"] = "gpt2",
            ["vocab_size"] = VocabularySize,
            ["n_positions"] = MaximumLength,
            ["n_embd"] = Width,
            ["n_layer"] = Layers,
            ["n_head"] = Heads,
            ["n_inner"] = InnerWidth,
            ["activation_function"] = Activation,
            ["layer_norm_epsilon"] = LayerNormEpsilon,
            ["tie_word_embeddings"] = true,
        }.ToJsonString(Indented);
    }

    /// <summary>Throws one exception that names every fault.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        foreach ((string key, int value) in new[] { ("vocab_size", VocabularySize), ("n_positions", MaximumLength), ("n_embd", Width), ("n_layer", Layers), ("n_head", Heads), ("n_inner", InnerWidth ?? 1) })
        {
            if (value < 1)
                faults.Add($"{key} is {value}, it must be at least 1");
        }

        if (Heads > 0 && Width % Heads != 0)
            faults.Add($"n_embd is {Width}, it must be a multiple of n_head, {Heads}");
        if (Activation is not ("relu" or "gelu" or "gelu_new"))
            faults.Add($"activation_function is '{Activation}', it must be relu, gelu or gelu_new");
        if (!(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon)))
            faults.Add($"layer_norm_epsilon is {LayerNormEpsilon}, it must be above 0");
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults) + ".");
    }

    private static int Required(JsonObject keys, string key) =>
        (int?)keys[key] ?? throw new InvalidDataException($"the key {key} is missing");

    private static void Refuse<T>(JsonObject keys, string key, T supported)
        where T : notnull
    {
        if (keys[key] is JsonNode node && !supported.Equals(node.GetValue<T>()))
            throw new InvalidDataException($"{key} is {node.ToJsonString()}; only {JsonSerializer.Serialize(supported)} is supported");
    }
}
