using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Decoders;

public sealed partial record LlamaConfig
{
    private const int MistralWindow = 4096,
        QwenFirstWindowedLayer = 28,
        Qwen3HeadSize = 128; // what transformers takes where nothing is said

    internal static LlamaConfig Read(ConfigReader keys, LlamaFamily family)
    {
        (int width, int heads, int layers) = (keys.Int("hidden_size"), keys.Int("num_attention_heads"), keys.Int("num_hidden_layers"));
        var rotary = RotaryConfig.Read(keys, "rope_theta", 10_000, out double? fraction);
        foreach (double share in new[] { fraction, keys.DoubleIfPresent("partial_rotary_factor") }.OfType<double>())
        {
            if (share != 1)
                throw new InvalidDataException($"partial_rotary_factor is {share}; only 1 is supported");
        }

        keys.RequireInt("pretraining_tp", 1);
        keys.RequireBool("use_mrope", false);
        keys.RequireBool("rope_interleaved", false);
        (int? window, int first) = Window(keys, family, layers);
        return new LlamaConfig
        {
            Family = family,
            VocabularySize = keys.Int("vocab_size"),
            MaxLength = keys.Int("max_position_embeddings"),
            Width = width,
            Layers = layers,
            Heads = heads,
            KeyValueHeads =
                family == LlamaFamily.Llama || keys.Contains("num_key_value_heads")
                    ? keys.IntOrNull("num_key_value_heads") ?? heads
                    : keys.Int("num_key_value_heads"),
            HeadSize = HeadSizeOf(keys, family, width, heads),
            InnerWidth = keys.Int("intermediate_size"),
            Activation = keys.Text("hidden_act", "silu"),
            RmsNormEpsilon = keys.Double("rms_norm_eps", 1e-6),
            Rotary = rotary,
            AttentionBias = keys.Bool("attention_bias", false),
            MlpBias = keys.Bool("mlp_bias", false),
            SlidingWindow = window,
            FirstWindowedLayer = first,
            TiesEmbeddings = keys.Bool("tie_word_embeddings", false),
        };
    }

    private protected override void Write(JsonObject json)
    {
        json["architectures"] = new JsonArray(LlamaFamilies.Of(Family).Architecture);
        json["vocab_size"] = VocabularySize;
        json["max_position_embeddings"] = MaxLength;
        json["hidden_size"] = Width;
        json["num_hidden_layers"] = Layers;
        json["num_attention_heads"] = Heads;
        json["num_key_value_heads"] = KeyValueHeads;
        json["head_dim"] = HeadSize;
        json["intermediate_size"] = InnerWidth;
        json["hidden_act"] = Activation;
        json["rms_norm_eps"] = RmsNormEpsilon;
        Rotary.Write(json);
        json["tie_word_embeddings"] = TiesEmbeddings;
        if (Family is LlamaFamily.Llama or LlamaFamily.Qwen3)
            json["attention_bias"] = AttentionBias;
        if (Family == LlamaFamily.Llama)
            json["mlp_bias"] = MlpBias;
        else
            json["sliding_window"] = SlidingWindow;
        if (Family is LlamaFamily.Qwen2 or LlamaFamily.Qwen3)
        {
            json["use_sliding_window"] = SlidingWindow is not null;
            json["max_window_layers"] = FirstWindowedLayer;
        }
    }

    /// <summary>The window and the first layer that has it.</summary>
    private static (int? Window, int First) Window(ConfigReader keys, LlamaFamily family, int layers)
    {
        int? window = keys.IntOrNull("sliding_window");
        string[]? types = LayerTypes(keys, layers);
        if (family is LlamaFamily.Llama or LlamaFamily.Mistral)
        {
            if (family == LlamaFamily.Mistral && !keys.Contains("sliding_window"))
                window = MistralWindow;
            string expected = window is null ? "full_attention" : "sliding_attention";
            if (types?.FirstOrDefault(type => type != expected) is string other)
                throw new InvalidDataException(
                    $"layer_types has {other}; {(window is null ? "without" : "with")} a sliding_window this family supports {expected} "
                        + $"alone"
                );
            return (window, 0);
        }

        int first = 0;
        if (!keys.Bool("use_sliding_window", false))
            window = null;
        else if (window is null)
            throw new InvalidDataException("use_sliding_window is true and sliding_window is missing");
        else
            first = keys.Int("max_window_layers", QwenFirstWindowedLayer);
        keys.Ignore("max_window_layers");
        if (types is null)
            return (window, first);
        int full = types.TakeWhile(type => type == "full_attention").Count();
        if (types.Skip(full).Contains("full_attention"))
            throw new InvalidDataException(
                "layer_types has full_attention behind sliding_attention; supported is full_attention in the first layers and "
                    + "sliding_attention in the others"
            );
        if (window is null && full < layers)
            throw new InvalidDataException("layer_types has sliding_attention while use_sliding_window is false");
        return window is null ? (null, 0) : (window, full);
    }

    private static string[]? LayerTypes(ConfigReader keys, int layers)
    {
        if (keys.Raw("layer_types") is not JsonNode node)
            return null;
        string[] types = node is JsonArray array
            ? [.. array.Select(type => type is JsonValue value && value.TryGetValue(out string? text) ? text : "")]
            : [];
        if (types.Length != layers || types.Any(type => type is not ("full_attention" or "sliding_attention")))
            throw new InvalidDataException($"layer_types must be a list of {layers} texts, each full_attention or sliding_attention");
        return types;
    }

    /// <summary>null is the share of each head for Llama and Mistral; for Qwen, Python takes it for None and stops.</summary>
    private static int HeadSizeOf(ConfigReader keys, LlamaFamily family, int width, int heads) =>
        keys.Contains("head_dim") && (family is LlamaFamily.Qwen2 or LlamaFamily.Qwen3 || keys.Has("head_dim")) ? keys.Int("head_dim", 0)
        : family == LlamaFamily.Qwen3 ? Qwen3HeadSize
        : ShareOf(keys, width, heads);

    private static int ShareOf(ConfigReader keys, int width, int heads)
    {
        keys.Ignore("head_dim");
        return Share(width, heads);
    }

    private static int Share(int width, int heads) =>
        heads > 0 && width % heads == 0
            ? width / heads
            : throw new InvalidDataException(
                $"hidden_size is {width}, it must be a multiple of num_attention_heads, {heads}, where head_dim is missing"
            );
}
