using System.Text.Json.Nodes;
using VariationalBoN.Weights;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The shape of a <see cref="Gpt2"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record Gpt2Config : CausalTransformerConfig
{
    /// <summary>The width of the hidden layer of each block (<c>n_inner</c>); null for 4 C.</summary>
    public int? InnerWidth { get; init; }

    /// <summary>The activation (<c>activation_function</c>) by transformers' name: <c>gelu_new</c> (tanh, GPT-2's own), <c>gelu</c>
    /// (exact), <c>relu</c>, <c>silu</c> and others.</summary>
    public string Activation { get; init; } = "gelu_new";

    /// <summary>The constant added to the variance in layer normalisation (<c>layer_norm_epsilon</c>), above 0.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether the output layer is the token embedding (<c>tie_word_embeddings</c>).</summary>
    public bool TiesEmbeddings { get; init; } = true;

    /// <inheritdoc/>
    public override string ModelType => "gpt2";

    internal override string LengthKey => "n_positions";

    internal override WeightNames Names => new("transformer.", "lm_head.weight", "wte.weight", ".attn.bias", ".attn.masked_bias");

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that <see cref="Gpt2"/> does not
    /// do; the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static new Gpt2Config Load(string path) => FromFile(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that <see cref="Gpt2"/> does not do; the message names the key.</exception>
    public static new Gpt2Config FromJson(string json) =>
        Read(
            json,
            keys =>
            {
                keys.RequireText("model_type", "gpt2");
                return Read(keys);
            }
        );

    internal static Gpt2Config Read(ConfigReader keys)
    {
        keys.RequireBool("scale_attn_weights", true); // the implementations of transformers disagree on what these two do
        keys.RequireBool("scale_attn_by_inverse_layer_idx", false);
        keys.Ignore("n_ctx", "reorder_and_upcast_attn"); // an older name of n_positions; precision of 16-bit scores
        return new Gpt2Config
        {
            VocabularySize = keys.Int("vocab_size"),
            MaxLength = keys.Int("n_positions"),
            Width = keys.Int("n_embd"),
            Layers = keys.Int("n_layer"),
            Heads = keys.Int("n_head"),
            InnerWidth = keys.IntOrNull("n_inner"),
            Activation = keys.Text("activation_function", "gelu_new"),
            LayerNormEpsilon = keys.Double("layer_norm_epsilon", 1e-5),
            TiesEmbeddings = keys.Bool("tie_word_embeddings", true),
        };
    }

    internal override Gpt2 Create(ParameterSource parameters, bool withHead = true) => new(this, parameters, withHead);

    private protected override void AddFaults(List<string> faults)
    {
        RequireSizes(
            faults,
            ("vocab_size", VocabularySize),
            ("n_positions", MaxLength),
            ("n_embd", Width),
            ("n_layer", Layers),
            ("n_head", Heads),
            ("n_inner", InnerWidth ?? 1)
        );
        RequireLayers(faults, "activation_function", Activation, "layer_norm_epsilon", LayerNormEpsilon);
        if (Heads > 0 && Width % Heads != 0)
            faults.Add($"n_embd is {Width}, it must be a multiple of n_head, {Heads}");
    }

    private protected override void Write(JsonObject json)
    {
        json["architectures"] = new JsonArray("GPT2LMHeadModel");
        json["vocab_size"] = VocabularySize;
        json["n_positions"] = MaxLength;
        json["n_embd"] = Width;
        json["n_layer"] = Layers;
        json["n_head"] = Heads;
        json["n_inner"] = InnerWidth;
        json["activation_function"] = Activation;
        json["layer_norm_epsilon"] = LayerNormEpsilon;
        json["tie_word_embeddings"] = TiesEmbeddings;
    }
}
