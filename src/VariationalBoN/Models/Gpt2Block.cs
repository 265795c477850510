using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>One pre-norm block: x + attention(ln_1(x)), then x + mlp(ln_2(x)); activations are two-dimensional, one row a token.</summary>
internal sealed class Gpt2Block : nn.Module
{
    private readonly Gpt2Norm ln_1, ln_2;
    private readonly Gpt2Attention attn;
    private readonly Gpt2Mlp mlp;

    internal Gpt2Block(ParameterSource parameters, string path, Gpt2Config config)
        : base(path)
    {
        ln_1 = new Gpt2Norm(parameters, $"{path}.ln_1", config);
        attn = new Gpt2Attention(parameters, $"{path}.attn", config);
        ln_2 = new Gpt2Norm(parameters, $"{path}.ln_2", config);
        mlp = new Gpt2Mlp(parameters, $"{path}.mlp", config);
        RegisterComponents();
    }

    /// <summary>Whole sequences: x is [rows * length, C].</summary>
    internal Tensor Full(Tensor x, long rows, long length, out Tensor keys, out Tensor values) =>
        AddMlp(x + attn.Full(ln_1.forward(x), rows, length, out keys, out values));

    /// <summary>One more token a row: x is [rows, C].</summary>
    internal Tensor Step(Tensor x, Gpt2KeyValues cache, Tensor? mask) => AddMlp(x + attn.Step(ln_1.forward(x), cache, mask));

    private Tensor AddMlp(Tensor x) => x + mlp.forward(ln_2.forward(x));
}

/// <summary>The two-layer perceptron of a block.</summary>
internal sealed class Gpt2Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Gpt2Linear c_fc, c_proj;
    private readonly string _activation;

    internal Gpt2Mlp(ParameterSource parameters, string path, Gpt2Config config)
        : base(path)
    {
        int inner = config.InnerWidth ?? 4 * config.Width;
        c_fc = new Gpt2Linear(parameters, $"{path}.c_fc", 0.02, config.Width, inner);
        c_proj = new Gpt2Linear(parameters, $"{path}.c_proj", 0.02 / Math.Sqrt(2 * config.Layers), inner, config.Width);
        _activation = config.Activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => c_proj.forward(Activate(c_fc.forward(input)));

    private Tensor Activate(Tensor x) => _activation switch
    {
        "relu" => nn.functional.relu(x),
        "gelu" => nn.functional.gelu(x),
        _ => GeluByTanh(x),
    };

    /// <summary>x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).</summary>
    private static Tensor GeluByTanh(Tensor x)
    {
        using Scalar half = 0.5, one = 1, outer = Math.Sqrt(2 / Math.PI), cubic = 0.044715; // held until the calls return: a collection may not free them meanwhile
        return x.mul(half) * (x + (x * x * x).mul(cubic)).mul(outer).tanh().add(one);
    }
}
