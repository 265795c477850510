using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>A tensor that stands on the pages of a file: which file, where in it and in memory, and the digest of its values there.</summary>
internal sealed record MappedTensor(string Path, FileStamp Stamp, long Offset, long Address, long Bytes, byte[] Digest);

/// <summary>
/// Which tensors of a module still are what a file holds, so that they need be neither hashed nor copied. Known on Linux alone.
/// Thread-safe as long as no thread changes the module.
/// </summary>
internal static class MappedTensors
{
    private static readonly ConditionalWeakTable<nn.Module, IReadOnlyDictionary<string, MappedTensor>> s_known = [];

    /// <summary>Notes what was mapped, by the names of the module's state.</summary>
    internal static void Remember(nn.Module module, IReadOnlyDictionary<string, MappedTensor> tensors) => s_known.AddOrUpdate(module, tensors);

    /// <summary>
    /// Those of the state that stand where they were mapped, were never written to, and whose file was not written to either.
    /// </summary>
    internal static IReadOnlyDictionary<string, MappedTensor> Unchanged(nn.Module module, IReadOnlyDictionary<string, Tensor> state)
    {
        var unchanged = new Dictionary<string, MappedTensor>(StringComparer.Ordinal);
        if (!s_known.TryGetValue(module, out var known))
            return unchanged;
        var stamps = known.Values.Select(mapped => mapped.Path).Distinct().ToDictionary(path => path, FileStamp.Of);
        foreach ((string name, var value) in state)
        {
            if (known.TryGetValue(name, out var mapped) && stamps[mapped.Path] == mapped.Stamp
                && value.device_type == TorchSharp.DeviceType.CPU && value.numel() * value.ElementSize == mapped.Bytes
                && TensorMemory.AddressOf(value) == mapped.Address && PageMap.IsUnwritten(mapped.Address, mapped.Bytes))
            {
                unchanged.Add(name, mapped);
            }
        }

        return unchanged;
    }
}
