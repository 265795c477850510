using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>One pre-norm block: x + attention(n_1(x)) + mlp(n_2(x)), or the two in turn as in GPT-2.</summary>
internal sealed class GptNeoXBlock : DecoderBlock
{
    private readonly LayerNormalization input_layernorm,
        post_attention_layernorm;
    private readonly GptNeoXAttention attention;
    private readonly GptNeoXMlp mlp;
    private readonly bool _parallel;

    internal GptNeoXBlock(ParameterSource parameters, int layer, GptNeoXConfig config)
        : base($"layers.{layer}")
    {
        input_layernorm = new LayerNormalization(parameters, $"layers.{layer}.input_layernorm", config.Width, config.LayerNormEpsilon);
        attention = new GptNeoXAttention(parameters, layer, config);
        post_attention_layernorm = new LayerNormalization(
            parameters,
            $"layers.{layer}.post_attention_layernorm",
            config.Width,
            config.LayerNormEpsilon
        );
        mlp = new GptNeoXMlp(parameters, $"layers.{layer}.mlp", config);
        _parallel = config.ParallelResidual;
        RegisterComponents();
    }

    internal override Tensor Forward(Tensor x, AttentionPass pass)
    {
        var attended = x.Plus(attention.Forward(input_layernorm.forward(x), pass));
        return attended.Plus(mlp.forward(post_attention_layernorm.forward(_parallel ? x : attended)));
    }
}

/// <summary>Self-attention with H heads of D = C / H dimensions, query, key and value of a head stored together.</summary>
internal sealed class GptNeoXAttention : nn.Module
{
    private readonly Projection query_key_value,
        dense;
    private readonly int _layer,
        _heads,
        _size;

    internal GptNeoXAttention(ParameterSource parameters, int layer, GptNeoXConfig config)
        : base($"layers.{layer}.attention")
    {
        query_key_value = new Projection(
            parameters,
            $"layers.{layer}.attention.query_key_value",
            0.02,
            config.Width,
            3 * config.Width,
            config.AttentionBias
        );
        dense = new Projection(parameters, $"layers.{layer}.attention.dense", 0.02, config.Width, config.Width, config.AttentionBias);
        (_layer, _heads, _size) = (layer, config.Heads, config.Width / config.Heads);
        RegisterComponents();
    }

    internal Tensor Forward(Tensor x, AttentionPass pass)
    {
        var parts = query_key_value.forward(x).view(-1, _heads, 3 * _size).chunk(3, 2); // 3 of [N, H, D]
        return dense.forward(pass.Attend(_layer, pass.Rotate(parts[0]), pass.Rotate(parts[1]), parts[2], window: null));
    }
}

/// <summary>The two-layer perceptron of a block.</summary>
internal sealed class GptNeoXMlp : nn.Module<Tensor, Tensor>
{
    private readonly Projection dense_h_to_4h,
        dense_4h_to_h;
    private readonly string _activation;

    internal GptNeoXMlp(ParameterSource parameters, string path, GptNeoXConfig config)
        : base(path)
    {
        dense_h_to_4h = new Projection(parameters, $"{path}.dense_h_to_4h", 0.02, config.Width, config.InnerWidth, bias: true);
        dense_4h_to_h = new Projection(parameters, $"{path}.dense_4h_to_h", 0.02, config.InnerWidth, config.Width, bias: true);
        _activation = config.Activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => dense_4h_to_h.forward(Activations.Apply(_activation, dense_h_to_4h.forward(input)));
}
