using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Takes what stands before some of the blocks out of one pass, at some of its rows.</summary>
/// <param name="layers">Which: 0 before the first block.</param>
/// <param name="rows">The rows, int64; null for all.</param>
internal sealed class LayerTap(int[] layers, Tensor? rows)
{
    private readonly Tensor[] _taken = new Tensor[layers.Length];

    /// <summary>Shown the residual stream [N, C] before each block. What it takes belongs to the scope of the call.</summary>
    internal void See(int layer, Tensor x)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i] == layer)
                _taken[i] = rows is null ? x.clone() : x.index_select(0, rows);
        }
    }

    /// <summary>What was taken, beside the last hidden states and in their type: [N, C (1 + layers)].</summary>
    internal Tensor Beside(Tensor last) => cat([last, .. _taken.Select(x => x.to(last.dtype))], 1);
}
