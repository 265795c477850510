using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>
/// A tensor that stands on the pages of a file: which file, where in it and in memory, and the digest of its values there, null where
/// nobody asked for it yet or the system does not tell one content of a file from the next.
/// </summary>
internal sealed record MappedTensor(string Path, FileStamp? Stamp, long Offset, long Address, long Bytes, byte[]? Digest);

/// <summary>
/// Which tensors of a module stand on a file, and which of them still are what it holds, so that they need be neither hashed nor compared;
/// the latter is known on Linux alone. Thread-safe as long as no thread changes the module.
/// </summary>
internal static class MappedTensors
{
    private static readonly ConditionalWeakTable<nn.Module, IReadOnlyDictionary<string, MappedTensor>> s_known = [];

    /// <summary>Notes what was mapped, by the names of the module's state.</summary>
    internal static void Remember(nn.Module module, IReadOnlyDictionary<string, MappedTensor> tensors) =>
        s_known.AddOrUpdate(module, tensors);

    /// <summary>Notes the same of a module that stands on the weights of another, under the same names.</summary>
    internal static void HandOn(nn.Module from, nn.Module to)
    {
        if (s_known.TryGetValue(from, out var known))
            Remember(to, known);
    }

    /// <summary>Those of the state that stand where they were mapped, whatever was written there since.</summary>
    internal static IReadOnlyDictionary<string, MappedTensor> InPlace(nn.Module module, IReadOnlyDictionary<string, Tensor> state)
    {
        var inPlace = new Dictionary<string, MappedTensor>(StringComparer.Ordinal);
        if (!s_known.TryGetValue(module, out var known))
            return inPlace;
        foreach ((string name, var value) in state)
        {
            if (
                known.TryGetValue(name, out var mapped)
                && value.device_type == TorchSharp.DeviceType.CPU
                && value.is_contiguous()
                && value.numel() * value.ElementSize == mapped.Bytes
                && TensorMemory.AddressOf(value) == mapped.Address
            )
            {
                inPlace.Add(name, mapped);
            }
        }

        return inPlace;
    }

    /// <summary>
    /// Those of the state that stand where they were mapped, were never written to, and whose file was not written to either. One without
    /// a digest has what its file holds under a stamp that no later write can have.
    /// </summary>
    internal static IReadOnlyDictionary<string, MappedTensor> Unchanged(nn.Module module, IReadOnlyDictionary<string, Tensor> state)
    {
        var inPlace = InPlace(module, state);
        var stamps = inPlace.Values.Select(mapped => mapped.Path).Distinct().ToDictionary(path => path, FileStamp.Of);
        var now = DateTimeOffset.UtcNow;
        return inPlace
            .Where(pair =>
                pair.Value is { Stamp: FileStamp stamp } mapped
                && stamps[mapped.Path] == stamp
                && (mapped.Digest is not null || stamp.IsSettled(now))
                && PageMap.IsUnwritten(mapped.Address, mapped.Bytes)
            )
            .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Notes the digests of tensors that were unchanged without one, where they still are.</summary>
    internal static void Settle(nn.Module module, IReadOnlyDictionary<string, Tensor> state, IReadOnlyDictionary<string, byte[]> digests)
    {
        if (digests.Count == 0 || !s_known.TryGetValue(module, out var known))
            return;
        var still = Unchanged(module, state);
        Remember(
            module,
            known.ToDictionary(
                pair => pair.Key,
                pair =>
                    still.ContainsKey(pair.Key) && digests.TryGetValue(pair.Key, out byte[]? digest)
                        ? pair.Value with
                        {
                            Digest = digest,
                        }
                        : pair.Value,
                StringComparer.Ordinal
            )
        );
    }
}
