using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Keys and values of some sequences, left-aligned:
/// for each layer two tensors [rows, G, columns, D] for G key heads. Owns them.</summary>
internal class KeyValues : IDisposable
{
    /// <summary>By layer.</summary>
    internal List<Tensor> Keys { get; } = [];

    /// <summary>By layer.</summary>
    internal List<Tensor> Values { get; } = [];

    /// <summary>Takes over what a pass over whole sequences made in the next layer;
    /// a copy where it is a part of something larger, which would stay.</summary>
    internal void Keep(Tensor keys, Tensor values)
    {
        Keys.Add((IsPart(keys) ? keys.contiguous() : keys).DetachFromDisposeScope());
        Values.Add((IsPart(values) ? values.contiguous() : values).DetachFromDisposeScope());
    }

    /// <summary>Gives the tensors back; they may be made anew.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in Keys.Concat(Values))
            tensor.Dispose();
        Keys.Clear();
        Values.Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether there are numbers of another tensor between its own.</summary>
    private static bool IsPart(Tensor view)
    {
        long[] sizes = view.shape,
            strides = view.stride();
        return 1 + sizes.Zip(strides, (size, stride) => (size - 1) * stride).Sum() > view.numel();
    }
}
