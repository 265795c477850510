using System.Globalization;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>The shape and the weights of a model under the names of llama.cpp. Stateless; thread-safe.</summary>
/// <remarks>Source: the names and layouts that llama.cpp's own converter writes, which its loader asks for.</remarks>
internal static class GgufArchitecture
{
    /// <summary>Adds everything but the tokenizer.</summary>
    /// <exception cref="NotSupportedException">llama.cpp does not compute this model; the message names the setting.</exception>
    internal static void Add(GgufFile file, CausalTransformer model, GgufType type)
    {
        if (model.AdaptedBy is not null)
            throw new NotSupportedException(
                "The model has adapters, which are no part of a GGUF file; merge them (MergeLora) and save the merged model."
            );
        string name = model.Shape switch
        {
            LlamaConfig llama => Refuse(FaultOf(llama)) ?? LlamaName(llama.Family),
            Gpt2Config gpt2 => Refuse(FaultOf(gpt2)) ?? "gpt2",
            var other => throw new NotSupportedException(
                $"The model is a {other.ModelType}; GGUF files are written for gpt2, {string.Join(", ", LlamaFamilies.Names)}."
            ),
        };
        file.Add("general.architecture", name);
        file.Add("general.name", name);
        file.Add(
            "general.file_type",
            type switch
            {
                GgufType.F32 => 0,
                GgufType.F16 => 1,
                _ => 7,
            }
        );
        file.Add("general.quantization_version", 2);
        file.Add($"{name}.vocab_size", model.VocabularySize);
        file.Add($"{name}.context_length", model.MaxLength);
        file.Add($"{name}.embedding_length", model.Shape.Width);
        file.Add($"{name}.block_count", model.Shape.Layers);
        file.Add($"{name}.attention.head_count", model.Shape.Heads);
        if (model.Shape is LlamaConfig config)
            AddLlama(file, name, config);
        else
            AddGpt2(file, name, (Gpt2Config)model.Shape);
        foreach ((string path, Tensor parameter) in model.named_parameters().Select(pair => (pair.name, (Tensor)pair.parameter)))
            file.Add(Convert(model.Shape, path, parameter, type));
    }

    private static string LlamaName(LlamaFamily family) =>
        family switch
        {
            LlamaFamily.Qwen2 => "qwen2",
            LlamaFamily.Qwen3 => "qwen3",
            _ => "llama",
        };

    private static string? Refuse(string? fault) =>
        fault is null
            ? null
            : throw new NotSupportedException(
                $"{fault}, which llama.cpp does not compute for this family, so that the file would give other numbers."
            );

    private static string? FaultOf(LlamaConfig config) =>
        config.Activation is not ("silu" or "swish") ? $"hidden_act is \"{config.Activation}\""
        : config.SlidingWindow < config.MaxLength
            ? $"sliding_window is {config.SlidingWindow}, below max_position_embeddings, {config.MaxLength}"
        : config.Rotary.Scaling == RotaryScaling.Llama3 && config.Family is (LlamaFamily.Qwen2 or LlamaFamily.Qwen3)
            ? "the rotary scaling is \"llama3\""
        : config.AttentionBias && config.Family != LlamaFamily.Llama ? "attention_bias is true"
        : null;

    private static string? FaultOf(Gpt2Config config) =>
        config.Activation is "gelu_new" or "gelu_fast" or "gelu_accurate" or "gelu_pytorch_tanh"
            ? null
            : $"activation_function is \"{config.Activation}\"";

    private static void AddLlama(GgufFile file, string name, LlamaConfig config)
    {
        file.Add($"{name}.feed_forward_length", config.InnerWidth);
        file.Add($"{name}.attention.head_count_kv", config.KeyValueHeads);
        file.Add($"{name}.attention.key_length", config.HeadSize);
        file.Add($"{name}.attention.value_length", config.HeadSize);
        file.Add($"{name}.attention.layer_norm_rms_epsilon", (float)config.RmsNormEpsilon);
        file.Add($"{name}.rope.dimension_count", config.HeadSize);
        file.Add($"{name}.rope.freq_base", (float)config.Rotary.Theta);
        if (config.Rotary.Scaling == RotaryScaling.Linear)
        {
            file.Add($"{name}.rope.scaling.type", "linear");
            file.Add($"{name}.rope.scaling.factor", (float)config.Rotary.Factor);
        }

        if (config.Rotary.Scaling == RotaryScaling.Llama3)
        {
            float[] frequencies = RotaryEmbedding.Unscaled(config.Rotary, config.HeadSize);
            // what llama.cpp divides each by
            float[] factors = Array.ConvertAll(frequencies, frequency => frequency / config.Rotary.Scale(frequency));
            file.Add(new GgufTensor("rope_freqs.weight", [factors.Length], GgufFormat.Float32, () => tensor(factors)));
        }
    }

    private static void AddGpt2(GgufFile file, string name, Gpt2Config config)
    {
        file.Add($"{name}.feed_forward_length", config.InnerWidth ?? 4 * config.Width);
        file.Add($"{name}.attention.layer_norm_epsilon", (float)config.LayerNormEpsilon);
    }

    private static GgufTensor Convert(CausalTransformerConfig shape, string path, Tensor parameter, GgufType type)
    {
        string name = Name(path);
        // Conv1D has [in, out]
        bool transposed = shape is Gpt2Config && parameter.dim() == 2 && path.StartsWith("h.", StringComparison.Ordinal);
        long[] sizes = transposed ? [parameter.size(1), parameter.size(0)] : parameter.shape;
        int heads =
            shape is not LlamaConfig { Family: LlamaFamily.Llama or LlamaFamily.Mistral } llama ? 0
            : path.Contains(".q_proj.", StringComparison.Ordinal) ? llama.Heads
            : path.Contains(".k_proj.", StringComparison.Ordinal) ? llama.KeyValueHeads
            : 0;
        bool isMatrix = sizes.Length == 2 && name != "position_embd.weight"; // which llama.cpp adds to the embeddings as it is
        GgufFormat format =
            !isMatrix || type == GgufType.F32 ? GgufFormat.Float32
            : type == GgufType.Q8 && sizes[1] % GgufFormat.Quantized8.BlockSize == 0 ? GgufFormat.Quantized8
            : GgufFormat.Float16;
        return new GgufTensor(
            name,
            sizes,
            format,
            () =>
                transposed ? parameter.detach().t()
                : heads > 0 ? Interleaved(parameter.detach(), heads)
                : parameter.detach()
        );
    }

    /// <summary>
    /// Rows of queries or keys in the order of Meta's own checkpoints, which the architecture <c>llama</c> has: the members of a pair that
    /// is turned together are neighbours, not half a head apart.
    /// </summary>
    private static Tensor Interleaved(Tensor weight, int heads)
    {
        long[] rest = weight.shape[1..];
        return weight.reshape([heads, 2, weight.size(0) / heads / 2, .. rest]).transpose(1, 2).reshape(weight.shape);
    }

    /// <summary>The name in llama.cpp of a parameter of transformers.</summary>
    private static string Name(string path)
    {
        string[] parts = path.Split('.');
        string kind = parts[^1];
        return parts[0] is "h" or "layers"
            ? string.Create(CultureInfo.InvariantCulture, $"blk.{parts[1]}.{InBlock(string.Join('.', parts[2..^1]))}.{kind}")
            : $"{OutsideBlocks(parts[0])}.{kind}";
    }

    private static string OutsideBlocks(string path) =>
        path switch
        {
            "wte" or "embed_tokens" => "token_embd",
            "wpe" => "position_embd",
            "ln_f" or "norm" => "output_norm",
            "lm_head" => "output",
            _ => throw Unknown(path),
        };

    private static string InBlock(string path) =>
        path switch
        {
            "ln_1" or "input_layernorm" => "attn_norm",
            "attn.c_attn" => "attn_qkv",
            "attn.c_proj" or "self_attn.o_proj" => "attn_output",
            "self_attn.q_proj" => "attn_q",
            "self_attn.k_proj" => "attn_k",
            "self_attn.v_proj" => "attn_v",
            "self_attn.q_norm" => "attn_q_norm",
            "self_attn.k_norm" => "attn_k_norm",
            "ln_2" or "post_attention_layernorm" => "ffn_norm",
            "mlp.c_fc" or "mlp.up_proj" => "ffn_up",
            "mlp.c_proj" or "mlp.down_proj" => "ffn_down",
            "mlp.gate_proj" => "ffn_gate",
            _ => throw Unknown(path),
        };

    private static NotSupportedException Unknown(string path) => new($"The parameter {path} has no name in a GGUF file.");
}
