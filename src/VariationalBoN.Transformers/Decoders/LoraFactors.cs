using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The two factors of a low-rank adapter and its scale: y gains scale (x A^T) B^T.</summary>
internal sealed record LoraFactors(LoraFactor A, LoraFactor B, double Scale)
{
    /// <summary>y [N, out] with what the adapter makes of x [N, in] added, computed in the element type of the factors.</summary>
    internal Tensor Add(Tensor y, Tensor x, Products products)
    {
        using Scalar scale = Scale; // held until the call returns: a collection may not free it meanwhile
        var change = products.Of(products.Of(x.to(A.weight.dtype), A.weight), B.weight).mul(scale);
        return y.Plus(change).to(y.dtype);
    }

    /// <summary>scale B A, [out, in], which is added to a weight of that layout.</summary>
    internal Tensor Product()
    {
        using Scalar scale = Scale; // held until the call returns
        return B.weight.mm(A.weight).mul(scale);
    }
}

/// <summary>One factor, a parameter under a name of its own.</summary>
internal sealed class LoraFactor : nn.Module
{
    internal readonly Parameter weight;

    internal LoraFactor(string path, Parameter weight)
        : base(path)
    {
        this.weight = weight;
        RegisterComponents();
    }
}
