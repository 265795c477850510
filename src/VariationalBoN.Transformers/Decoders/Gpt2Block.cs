using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>One pre-norm block: x + attention(ln_1(x)), then x + mlp(ln_2(x)).</summary>
internal sealed class Gpt2Block : DecoderBlock
{
    private readonly LayerNormalization ln_1,
        ln_2;
    private readonly Gpt2Attention attn;
    private readonly Gpt2Mlp mlp;

    internal Gpt2Block(ParameterSource parameters, int layer, Gpt2Config config)
        : base($"h.{layer}")
    {
        ln_1 = new LayerNormalization(parameters, $"h.{layer}.ln_1", config.Width, config.LayerNormEpsilon);
        attn = new Gpt2Attention(parameters, layer, config);
        ln_2 = new LayerNormalization(parameters, $"h.{layer}.ln_2", config.Width, config.LayerNormEpsilon);
        mlp = new Gpt2Mlp(parameters, $"h.{layer}.mlp", config);
        RegisterComponents();
    }

    internal override Tensor Forward(Tensor x, AttentionPass pass)
    {
        x = x.Plus(attn.Forward(ln_1.forward(x), pass));
        return x.Plus(mlp.forward(ln_2.forward(x)));
    }
}

/// <summary>Self-attention with H heads of D = C / H dimensions.</summary>
internal sealed class Gpt2Attention : nn.Module
{
    private readonly Projection c_attn,
        c_proj;
    private readonly int _layer,
        _heads,
        _size;

    internal Gpt2Attention(ParameterSource parameters, int layer, Gpt2Config config)
        : base($"h.{layer}.attn")
    {
        c_attn = new Projection(parameters, $"h.{layer}.attn.c_attn", 0.02, config.Width, 3 * config.Width, bias: true, inputFirst: true);
        c_proj = new Projection(
            parameters,
            $"h.{layer}.attn.c_proj",
            0.02 / Math.Sqrt(2 * config.Layers),
            config.Width,
            config.Width,
            bias: true,
            inputFirst: true
        );
        (_layer, _heads, _size) = (layer, config.Heads, config.Width / config.Heads);
        RegisterComponents();
    }

    internal Tensor Forward(Tensor x, AttentionPass pass)
    {
        var parts = c_attn.forward(x).view(-1, 3 * _heads, _size).chunk(3, 1); // 3 of [N, H, D]
        return c_proj.forward(pass.Attend(_layer, parts[0], parts[1], parts[2], window: null));
    }
}

/// <summary>The two-layer perceptron of a block.</summary>
internal sealed class Gpt2Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Projection c_fc,
        c_proj;
    private readonly string _activation;

    internal Gpt2Mlp(ParameterSource parameters, string path, Gpt2Config config)
        : base(path)
    {
        int inner = config.InnerWidth ?? 4 * config.Width;
        c_fc = new Projection(parameters, $"{path}.c_fc", 0.02, config.Width, inner, bias: true, inputFirst: true);
        c_proj = new Projection(
            parameters,
            $"{path}.c_proj",
            0.02 / Math.Sqrt(2 * config.Layers),
            inner,
            config.Width,
            bias: true,
            inputFirst: true
        );
        _activation = config.Activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => c_proj.forward(Activations.Apply(_activation, c_fc.forward(input)));
}
