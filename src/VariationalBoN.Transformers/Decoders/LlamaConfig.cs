using VariationalBoN.Weights;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The shape of a <see cref="Llama"/>, read and written with the keys of Hugging
/// Face's <c>config.json</c> for Llama, Mistral, Qwen 2 and Qwen 3.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed partial record LlamaConfig : CausalTransformerConfig
{
    /// <summary>The family (<c>model_type</c>).</summary>
    public LlamaFamily Family { get; init; } = LlamaFamily.Llama;

    /// <summary>The number of key and value heads (<c>num_key_value_heads</c>), a divisor of
    /// <see cref="CausalTransformerConfig.Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>D, the dimensions of a head (<c>head_dim</c>), even; as a rule the width over the heads.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The width of the hidden layer of each block (<c>intermediate_size</c>), at least 1.</summary>
    public required int InnerWidth { get; init; }

    /// <summary>The activation of the gate (<c>hidden_act</c>) by transformers' name, as a rule <c>silu</c>.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>The constant added to the mean square in normalisation (<c>rms_norm_eps</c>), above 0.</summary>
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary>The frequencies of the positions (<c>rope_theta</c>, <c>rope_scaling</c>, <c>rope_parameters</c>).</summary>
    public RotaryConfig Rotary { get; init; } = new();

    /// <summary>Whether all four projections of the attention have biases (<c>attention_bias</c>);
    /// Llama and Qwen 3 alone. The biases that Qwen 2 always has do not count.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the projections of the perceptron have biases (<c>mlp_bias</c>); Llama alone.</summary>
    public bool MlpBias { get; init; }

    /// <summary>The most tokens that a token sees, itself included (<c>sliding_window</c>); null for all. Not for Llama.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>The first block to which the window applies (<c>max_window_layers</c>, <c>layer_types</c>); 0 for all.</summary>
    public int FirstWindowedLayer { get; init; }

    /// <summary>Whether the output layer is the token embedding (<c>tie_word_embeddings</c>).</summary>
    public bool TiesEmbeddings { get; init; }

    /// <inheritdoc/>
    public override string ModelType => LlamaFamilies.Of(Family).Type;

    internal override WeightNames Names => new("model.", "lm_head.weight", "embed_tokens.weight", ".rotary_emb.inv_freq");

    /// <summary>Whether queries, keys and values have biases.</summary>
    internal bool QueryKeyValueBias => AttentionBias || Family == LlamaFamily.Qwen2;

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that is not supported;
    /// the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static new LlamaConfig Load(string path) => FromFile(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that is not supported; the message names the key.</exception>
    public static new LlamaConfig FromJson(string json) =>
        Read(
            json,
            keys =>
                LlamaFamilies.Find(keys.Text("model_type") ?? "") is LlamaFamily family
                    ? Read(keys, family)
                    : throw new InvalidDataException(
                        $"model_type is {(keys.Text("model_type") is string other ? $"\"{other}\"" : "missing")}; supported: "
                            + $"{string.Join(", ", LlamaFamilies.Names)}"
                    )
        );

    internal override Llama Create(ParameterSource parameters, bool withHead = true) => new(this, parameters, withHead);

    private protected override void AddFaults(List<string> faults)
    {
        RequireSizes(
            faults,
            ("vocab_size", VocabularySize),
            ("max_position_embeddings", MaxLength),
            ("hidden_size", Width),
            ("num_hidden_layers", Layers),
            ("num_attention_heads", Heads),
            ("num_key_value_heads", KeyValueHeads),
            ("head_dim", HeadSize),
            ("intermediate_size", InnerWidth),
            ("sliding_window", SlidingWindow ?? 1)
        );
        RequireLayers(faults, "hidden_act", Activation, "rms_norm_eps", RmsNormEpsilon);
        Rotary.AddFaults(faults);
        if (!Enum.IsDefined(Family))
            faults.Add($"the family is {Family}, it must be one of the named values");
        if (KeyValueHeads > 0 && Heads % KeyValueHeads != 0)
            faults.Add($"num_attention_heads is {Heads}, it must be a multiple of num_key_value_heads, {KeyValueHeads}");
        if ((long)Heads * HeadSize > int.MaxValue)
            faults.Add($"num_attention_heads is {Heads} and head_dim {HeadSize}, their product is beyond every model");
        if (HeadSize % 2 != 0)
            faults.Add($"head_dim is {HeadSize}, it must be even");
        if (AttentionBias && Family is LlamaFamily.Mistral or LlamaFamily.Qwen2)
            faults.Add($"attention_bias is true; {Family} has no such setting");
        if (MlpBias && Family != LlamaFamily.Llama)
            faults.Add($"mlp_bias is true; {Family} has no such setting");
        if (SlidingWindow is not null && Family == LlamaFamily.Llama)
            faults.Add($"sliding_window is {SlidingWindow}; Llama has no such setting");
        if (FirstWindowedLayer < 0 || (FirstWindowedLayer > 0 && Family == LlamaFamily.Mistral))
            faults.Add(
                $"the first windowed layer is {FirstWindowedLayer}, it must be "
                    + $"{(Family == LlamaFamily.Mistral ? "0: the window of Mistral is that of all layers" : "at least 0")}"
            );
    }
}
