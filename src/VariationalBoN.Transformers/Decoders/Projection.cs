using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>y = x W + b, W stored [in, out] as GPT-2's Conv1D has it or [out, in] as everything else does;
/// the bias may be absent, and there may be an adapter.</summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias; // [out]
    private readonly LoraFactor? lora_A,
        lora_B; // [rank, in], [out, rank]
    private readonly Products _products;
    private readonly bool _inputFirst;

    internal Projection(
        ParameterSource parameters,
        string path,
        double deviation,
        int inputs,
        int outputs,
        bool bias,
        bool inputFirst = false
    )
        : base(path)
    {
        weight = inputFirst
            ? parameters.Matrix($"{path}.weight", deviation, inputs, outputs)
            : parameters.Matrix($"{path}.weight", deviation, outputs, inputs);
        this.bias = bias ? parameters.Vector($"{path}.bias", 0, outputs) : null;
        Adapter = parameters.Adapter(path, inputs, outputs);
        (lora_A, lora_B) = (Adapter?.A, Adapter?.B);
        (_products, _inputFirst) = (parameters.Products, inputFirst);
        RegisterComponents();
    }

    /// <summary>The low-rank adapter; null without one.</summary>
    internal LoraFactors? Adapter { get; }

    public override Tensor forward(Tensor input)
    {
        var y = _products.Of(input, weight, bias, _inputFirst); // [N, in] -> [N, out]
        return Adapter?.Add(y, input, _products) ?? y;
    }

    /// <summary>The weight with the adapter added, in the layout of the weight and in the wider element type of the two.</summary>
    internal Tensor MergedWeight()
    {
        var change = Adapter!.Product().to(WiderType);
        return weight.to(WiderType).Plus(_inputFirst ? change.t() : change);
    }

    /// <summary>The element type that loses nothing of the weight nor of the adapter.</summary>
    private ScalarType WiderType => promote_types(weight.dtype, Adapter!.A.weight.dtype);
}
