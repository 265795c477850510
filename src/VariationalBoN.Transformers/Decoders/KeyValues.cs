using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Keys and values of some sequences, left-aligned: for each layer two tensors [rows, G, columns, D] for G key heads. Owns them.</summary>
internal class KeyValues : IDisposable
{
    /// <summary>By layer.</summary>
    internal List<Tensor> Keys { get; } = [];

    /// <summary>By layer.</summary>
    internal List<Tensor> Values { get; } = [];

    /// <summary>Takes over what a pass over whole sequences made in the next layer.</summary>
    internal void Keep(Tensor keys, Tensor values)
    {
        Keys.Add(keys.DetachFromDisposeScope());
        Values.Add(values.DetachFromDisposeScope());
    }

    public void Dispose()
    {
        foreach (Tensor tensor in Keys.Concat(Values))
            tensor.Dispose();
        GC.SuppressFinalize(this);
    }
}
