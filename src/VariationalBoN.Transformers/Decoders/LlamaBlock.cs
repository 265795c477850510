using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>One pre-norm block: x + attention(n_1(x)), then x + mlp(n_2(x)).</summary>
internal sealed class LlamaBlock : DecoderBlock
{
    private readonly RmsNormalization input_layernorm,
        post_attention_layernorm;
    private readonly LlamaAttention self_attn;
    private readonly LlamaMlp mlp;

    internal LlamaBlock(ParameterSource parameters, int layer, LlamaConfig config)
        : base($"layers.{layer}")
    {
        input_layernorm = new RmsNormalization(parameters, $"layers.{layer}.input_layernorm", config.Width, config.RmsNormEpsilon);
        self_attn = new LlamaAttention(parameters, layer, config);
        post_attention_layernorm = new RmsNormalization(
            parameters,
            $"layers.{layer}.post_attention_layernorm",
            config.Width,
            config.RmsNormEpsilon
        );
        mlp = new LlamaMlp(parameters, $"layers.{layer}.mlp", config);
        RegisterComponents();
    }

    internal override Tensor Forward(Tensor x, AttentionPass pass)
    {
        x = x.Plus(self_attn.Forward(input_layernorm.forward(x), pass));
        return x.Plus(mlp.forward(post_attention_layernorm.forward(x)));
    }
}

/// <summary>Self-attention with H query heads and G key and value heads of D dimensions;
/// H / G neighbouring query heads share a key head.</summary>
internal sealed class LlamaAttention : nn.Module
{
    private readonly Projection q_proj,
        k_proj,
        v_proj,
        o_proj;
    private readonly RmsNormalization? q_norm,
        k_norm;
    private readonly int _layer,
        _size;
    private readonly int? _window;

    internal LlamaAttention(ParameterSource parameters, int layer, LlamaConfig config)
        : base($"layers.{layer}.self_attn")
    {
        string path = $"layers.{layer}.self_attn";
        (int queries, int keys) = (config.Heads * config.HeadSize, config.KeyValueHeads * config.HeadSize);
        q_proj = new Projection(parameters, $"{path}.q_proj", 0.02, config.Width, queries, config.QueryKeyValueBias);
        k_proj = new Projection(parameters, $"{path}.k_proj", 0.02, config.Width, keys, config.QueryKeyValueBias);
        v_proj = new Projection(parameters, $"{path}.v_proj", 0.02, config.Width, keys, config.QueryKeyValueBias);
        o_proj = new Projection(parameters, $"{path}.o_proj", 0.02, queries, config.Width, config.AttentionBias);
        if (config.Family == LlamaFamily.Qwen3)
        {
            q_norm = new RmsNormalization(parameters, $"{path}.q_norm", config.HeadSize, config.RmsNormEpsilon);
            k_norm = new RmsNormalization(parameters, $"{path}.k_norm", config.HeadSize, config.RmsNormEpsilon);
        }

        (_layer, _size, _window) = (layer, config.HeadSize, layer >= config.FirstWindowedLayer ? config.SlidingWindow : null);
        RegisterComponents();
    }

    internal Tensor Forward(Tensor x, AttentionPass pass)
    {
        Tensor queries = Heads(q_proj, x, q_norm),
            keys = Heads(k_proj, x, k_norm),
            values = Heads(v_proj, x, null);
        return o_proj.forward(pass.Attend(_layer, pass.Rotate(queries), pass.Rotate(keys), values, _window));
    }

    private Tensor Heads(Projection projection, Tensor x, RmsNormalization? norm)
    {
        var heads = projection.forward(x).view(x.size(0), -1, _size); // [N, heads, D]
        return norm?.forward(heads) ?? heads;
    }
}

/// <summary>The gated perceptron of a block: down(act(gate(x)) up(x)).</summary>
internal sealed class LlamaMlp : nn.Module<Tensor, Tensor>
{
    private readonly Projection gate_proj,
        up_proj,
        down_proj;
    private readonly string _activation;

    internal LlamaMlp(ParameterSource parameters, string path, LlamaConfig config)
        : base(path)
    {
        gate_proj = new Projection(parameters, $"{path}.gate_proj", 0.02, config.Width, config.InnerWidth, config.MlpBias);
        up_proj = new Projection(parameters, $"{path}.up_proj", 0.02, config.Width, config.InnerWidth, config.MlpBias);
        down_proj = new Projection(parameters, $"{path}.down_proj", 0.02, config.InnerWidth, config.Width, config.MlpBias);
        _activation = config.Activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        down_proj.forward(Activations.Apply(_activation, gate_proj.forward(input)) * up_proj.forward(input));
}
