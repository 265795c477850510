using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>A table of vectors, one a row.</summary>
internal sealed class VectorTable : nn.Module
{
    internal readonly Parameter weight; // [rows, C]

    internal VectorTable(ParameterSource parameters, string path, int rows, int width)
        : base(path)
    {
        weight = parameters.Matrix($"{path}.weight", 0.02, rows, width);
        RegisterComponents();
    }

    /// <summary>The rows of indices [N]: [N, C].</summary>
    internal Tensor Rows(Tensor indices) => weight.index_select(0, indices);
}

/// <summary>Layer normalisation over the last dimension.</summary>
internal sealed class LayerNormalization : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [C]
    private readonly Parameter bias; // [C]
    private readonly long[] _shape;
    private readonly double _epsilon;

    internal LayerNormalization(ParameterSource parameters, string path, int width, double epsilon)
        : base(path)
    {
        weight = parameters.Vector($"{path}.weight", 1, width);
        bias = parameters.Vector($"{path}.bias", 0, width);
        _shape = [width];
        _epsilon = epsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        nn.functional.layer_norm(input, _shape, weight.to(input.dtype), bias.to(input.dtype), _epsilon);
}

/// <summary>x / sqrt(mean(x^2) + epsilon) over the last dimension, in float32, times a weight.</summary>
internal sealed class RmsNormalization : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // [C]
    private readonly double _epsilon;

    internal RmsNormalization(ParameterSource parameters, string path, int width, double epsilon)
        : base(path)
    {
        weight = parameters.Vector($"{path}.weight", 1, width);
        _epsilon = epsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var x = input.to(ScalarType.Float32);
        return weight * (x * x.Squared().mean([-1], keepdim: true).Plus(_epsilon).rsqrt()).to(input.dtype);
    }
}
