using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>Where the values of a tensor stand: equal for handles of one memory, such as the weights that models share.</summary>
internal sealed class TensorMemory : Storage
{
    private TensorMemory(Tensor tensor)
        : base(tensor) { }

    public override int element_size() => (int)_tensor.ElementSize;

    /// <summary>The address of the storage, on any device, and the position of the first element in it.</summary>
    internal static (nint Storage, long Offset) Of(Tensor tensor) => (new TensorMemory(tensor).data_ptr(), tensor.storage_offset());

    /// <summary>The address of the first element.</summary>
    internal static long AddressOf(Tensor tensor) => Of(tensor) is var (storage, offset) ? storage + (offset * tensor.ElementSize) : 0;
}
