using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>How weights lie in the files of a directory, so that they can be written again as they were found.</summary>
/// <param name="Files">The files.</param>
/// <param name="Index">What the index of several files says beside the names; null for one file without index.</param>
internal sealed record WeightLayout(IReadOnlyList<WeightLayoutFile> Files, JsonObject? Index)
{
    private static readonly Dictionary<string, string> PyTorch = new() { ["format"] = "pt" };

    /// <summary>What transformers would write for a module: one file, or as many as keep each below a size.</summary>
    /// <param name="tensors">The tensors of the module by name, in the order in which they fill the files.</param>
    /// <param name="names">The names of the family.</param>
    /// <param name="maxBytes">The size of one file; a tensor that is larger has a file to itself.</param>
    internal static WeightLayout For(IReadOnlyDictionary<string, Tensor> tensors, WeightNames names, long maxBytes)
    {
        var shards = new List<List<LaidTensor>> { new() };
        long bytes = 0;
        foreach ((string name, var tensor) in tensors)
        {
            var laid = new LaidTensor(names.InFile(name), tensor.dtype, tensor.shape, name, null);
            long size = tensor.numel() * tensor.element_size();
            if (bytes > 0 && bytes + size > maxBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            bytes += size;
            shards[^1].Add(laid);
        }

        return shards.Count == 1
            ? new WeightLayout([new WeightLayoutFile(WeightFormat.Safetensors.Single, PyTorch, shards[0])], null)
            : new WeightLayout(
                [
                    .. shards.Select(
                        (shard, i) => new WeightLayoutFile($"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors", PyTorch, shard)
                    ),
                ],
                new JsonObject { ["total_parameters"] = 0 }
            );
    }
}

/// <summary>One file of a layout.</summary>
internal sealed record WeightLayoutFile(string Name, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<LaidTensor> Tensors);

/// <summary>One tensor of a file: the values of the module's tensor <paramref name="Target"/>,
/// or of a buffer the bytes that were found.</summary>
internal sealed record LaidTensor(string Name, ScalarType Type, long[] Shape, string? Target, byte[]? Buffer);
