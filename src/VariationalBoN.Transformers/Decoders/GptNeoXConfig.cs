using System.Text.Json.Nodes;
using VariationalBoN.Weights;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The shape of a <see cref="GptNeoX"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record GptNeoXConfig : CausalTransformerConfig
{
    /// <summary>The width of the hidden layer of each block (<c>intermediate_size</c>), at least 1.</summary>
    public required int InnerWidth { get; init; }

    /// <summary>The activation (<c>hidden_act</c>) by transformers' name:
    /// <c>gelu</c> (exact), <c>gelu_new</c> (tanh), <c>relu</c> and others.</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>The constant added to the variance in layer normalisation (<c>layer_norm_eps</c>), above 0.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>The frequencies of the positions (<c>rotary_emb_base</c>, <c>rope_theta</c>,
    /// <c>rope_scaling</c>, <c>rope_parameters</c>).</summary>
    public RotaryConfig Rotary { get; init; } = new();

    /// <summary>The share of each head's dimensions that is turned by the position (<c>rotary_pct</c>,
    /// <c>partial_rotary_factor</c>), from 0 to 1; an even number of them.</summary>
    public double RotaryShare { get; init; } = 0.25;

    /// <summary>Whether attention and perceptron read the same input and are added
    /// together (<c>use_parallel_residual</c>), or stand in turn.</summary>
    public bool ParallelResidual { get; init; } = true;

    /// <summary>Whether the projections of the attention have biases (<c>attention_bias</c>).</summary>
    public bool AttentionBias { get; init; } = true;

    /// <summary>Whether the output layer is the token embedding (<c>tie_word_embeddings</c>).</summary>
    public bool TiesEmbeddings { get; init; }

    /// <inheritdoc/>
    public override string ModelType => "gpt_neox";

    internal override WeightNames Names =>
        new("gpt_neox.", "embed_out.weight", "embed_in.weight", ".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq");

    /// <summary>R, the dimensions of a head that are turned.</summary>
    internal int RotarySize => (int)(Width / Heads * RotaryShare);

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that is not supported;
    /// the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static new GptNeoXConfig Load(string path) => FromFile(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that is not supported; the message names the key.</exception>
    public static new GptNeoXConfig FromJson(string json) =>
        Read(
            json,
            keys =>
            {
                keys.RequireText("model_type", "gpt_neox");
                return Read(keys);
            }
        );

    internal static GptNeoXConfig Read(ConfigReader keys)
    {
        var rotary = RotaryConfig.Read(keys, "rotary_emb_base", 10_000, out double? inside);
        double[] fractions =
        [
            .. new[] { keys.DoubleIfPresent("rotary_pct"), keys.DoubleIfPresent("partial_rotary_factor"), inside }
                .OfType<double>()
                .Distinct(),
        ];
        if (fractions.Length > 1)
            throw new InvalidDataException(
                $"rotary_pct, also written partial_rotary_factor, is given as {string.Join(" and as ", fractions)}; these must agree"
            );
        return new GptNeoXConfig
        {
            VocabularySize = keys.Int("vocab_size"),
            MaxLength = keys.Int("max_position_embeddings"),
            Width = keys.Int("hidden_size"),
            Layers = keys.Int("num_hidden_layers"),
            Heads = keys.Int("num_attention_heads"),
            InnerWidth = keys.Int("intermediate_size"),
            Activation = keys.Text("hidden_act", "gelu"),
            LayerNormEpsilon = keys.Double("layer_norm_eps", 1e-5),
            Rotary = rotary,
            RotaryShare = fractions.Length == 1 ? fractions[0] : 0.25,
            ParallelResidual = keys.Bool("use_parallel_residual", true),
            AttentionBias = keys.Bool("attention_bias", true),
            TiesEmbeddings = keys.Bool("tie_word_embeddings", false),
        };
    }

    internal override GptNeoX Create(ParameterSource parameters, bool withHead = true) => new(this, parameters, withHead);

    private protected override void AddFaults(List<string> faults)
    {
        RequireSizes(
            faults,
            ("vocab_size", VocabularySize),
            ("max_position_embeddings", MaxLength),
            ("hidden_size", Width),
            ("num_hidden_layers", Layers),
            ("num_attention_heads", Heads),
            ("intermediate_size", InnerWidth)
        );
        RequireLayers(faults, "hidden_act", Activation, "layer_norm_eps", LayerNormEpsilon);
        Rotary.AddFaults(faults);
        if (!(RotaryShare is >= 0 and <= 1))
            faults.Add($"rotary_pct is {RotaryShare}, it must be from 0 to 1");
        else if (Heads > 0 && Width % Heads != 0)
            faults.Add($"hidden_size is {Width}, it must be a multiple of num_attention_heads, {Heads}");
        else if (Heads > 0 && RotarySize % 2 != 0)
            faults.Add(
                $"rotary_pct is {RotaryShare}, which turns {RotarySize} of the {Width / Heads} dimensions of a head; it must be an even "
                    + $"number"
            );
    }

    private protected override void Write(JsonObject json)
    {
        json["architectures"] = new JsonArray("GPTNeoXForCausalLM");
        json["vocab_size"] = VocabularySize;
        json["max_position_embeddings"] = MaxLength;
        json["hidden_size"] = Width;
        json["num_hidden_layers"] = Layers;
        json["num_attention_heads"] = Heads;
        json["intermediate_size"] = InnerWidth;
        json["hidden_act"] = Activation;
        json["layer_norm_eps"] = LayerNormEpsilon;
        Rotary.Write(json, "rotary_emb_base");
        json["rotary_pct"] = RotaryShare;
        json["use_parallel_residual"] = ParallelResidual;
        json["attention_bias"] = AttentionBias;
        json["tie_word_embeddings"] = TiesEmbeddings;
    }
}
