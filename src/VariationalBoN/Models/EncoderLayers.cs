using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>y = x W^T + b with W stored [out, in].</summary>
internal sealed class EncoderLinear : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [out, in]
    private readonly Parameter bias;   // [out]

    internal EncoderLinear(ParameterSource parameters, string path, double deviation, int inputs, int outputs)
        : base(path)
    {
        weight = parameters.Matrix($"{path}.weight", deviation, outputs, inputs);
        bias = parameters.Vector($"{path}.bias", 0, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight, bias); // [N, in] -> [N, out]
}

/// <summary>Layer normalisation over the last dimension.</summary>
internal sealed class EncoderNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [C]
    private readonly Parameter bias;   // [C]
    private readonly long[] _shape;
    private readonly double _epsilon;

    internal EncoderNorm(ParameterSource parameters, string path, int width, double epsilon)
        : base(path)
    {
        weight = parameters.Vector($"{path}.weight", 1, width);
        bias = parameters.Vector($"{path}.bias", 0, width);
        _shape = [width];
        _epsilon = epsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, _shape, weight, bias, _epsilon);
}

/// <summary>A table of vectors, one a row.</summary>
internal sealed class EncoderTable : nn.Module
{
    internal readonly Parameter weight; // [rows, C]

    internal EncoderTable(ParameterSource parameters, string path, double deviation, int rows, int width)
        : base(path)
    {
        weight = parameters.Matrix($"{path}.weight", deviation, rows, width);
        RegisterComponents();
    }
}
