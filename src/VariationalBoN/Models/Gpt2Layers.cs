using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>A table of vectors, one a row.</summary>
internal sealed class Gpt2Embedding : nn.Module
{
    internal readonly Parameter weight; // [rows, C]

    internal Gpt2Embedding(ParameterSource parameters, string name, int rows, int width)
        : base(name)
    {
        weight = parameters.Matrix($"{name}.weight", 0.02, rows, width);
        RegisterComponents();
    }
}

/// <summary>Layer normalisation over the last dimension.</summary>
internal sealed class Gpt2Norm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [C]
    private readonly Parameter bias;   // [C]
    private readonly long[] _shape;
    private readonly double _epsilon;

    internal Gpt2Norm(ParameterSource parameters, string name, Gpt2Config config)
        : base(name)
    {
        weight = parameters.Vector($"{name}.weight", 1, config.Width);
        bias = parameters.Vector($"{name}.bias", 0, config.Width);
        _shape = [config.Width];
        _epsilon = config.LayerNormEpsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, _shape, weight, bias, _epsilon);
}

/// <summary>y = x W + b with W stored [in, out], as GPT-2's Conv1D does.</summary>
internal sealed class Gpt2Linear : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [in, out]
    private readonly Parameter bias;   // [out]

    internal Gpt2Linear(ParameterSource parameters, string path, double deviation, int inputs, int outputs)
        : base(path)
    {
        weight = parameters.Matrix($"{path}.weight", deviation, inputs, outputs);
        bias = parameters.Vector($"{path}.bias", 0, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => addmm(bias, input, weight, 1, 1); // [N, in] -> [N, out]
}
