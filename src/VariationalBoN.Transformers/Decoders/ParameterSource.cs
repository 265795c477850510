using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Where the parameters of a model come from when it is built;
/// asked once for each, by its full name in the state dictionary.</summary>
/// <remarks>What it hands out belongs to no dispose scope, so a model may be built inside one.</remarks>
internal abstract class ParameterSource
{
    /// <summary>How the model that is built multiplies by its weights: one object, which its layers share.</summary>
    internal Products Products { get; } = new();

    /// <summary>A matrix [rows, columns] that training would start from N(0, <paramref name="deviation"/>).</summary>
    internal abstract Parameter Matrix(string name, double deviation, int rows, int columns);

    /// <summary>A vector [size] that training would start from a constant.</summary>
    internal abstract Parameter Vector(string name, double value, int size);

    /// <summary>The low-rank adapter of a linear layer; null where it has none.</summary>
    internal virtual LoraFactors? Adapter(string path, int inputs, int outputs) => null;

    /// <summary>A parameter of its own that no dispose scope ends; the tensor is consumed.</summary>
    protected static Parameter Free(Tensor values, bool trainable = true)
    {
        using (values)
        {
            var parameter = nn.Parameter(values, trainable);
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }
}
