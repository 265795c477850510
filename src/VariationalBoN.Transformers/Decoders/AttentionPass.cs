using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// What the blocks of a transformer need to know of the tokens that pass through them: N tokens, each with its position, and how a
/// query finds the keys it may see. The blocks themselves work on two-dimensional activations [N, C], one row a token.
/// </summary>
internal abstract class AttentionPass(Tensor positions, RotaryAngles? angles)
{
    /// <summary>[N], int64.</summary>
    internal Tensor Positions { get; } = positions;

    /// <summary>Queries or keys [N, heads, D] turned by their positions, where the model does so.</summary>
    internal Tensor Rotate(Tensor x) => angles?.Rotate(x) ?? x;

    /// <summary>softmax(q k / sqrt(D)) v over the tokens that each token may see: its own sequence up to itself.</summary>
    /// <param name="layer">Index of the block.</param>
    /// <param name="queries">[N, H, D].</param>
    /// <param name="keys">[N, G, D]; H / G neighbouring query heads share a key head.</param>
    /// <param name="values">[N, G, D].</param>
    /// <param name="window">The most tokens that a token sees, itself included; null for all.</param>
    /// <returns>[N, H * D].</returns>
    internal abstract Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values, int? window);
}

/// <summary>Whole right-padded sequences [rows, length]:
/// padding stands behind what counts, so the causal mask is all that is needed.</summary>
internal sealed class WholePass(long rows, long length, Tensor positions, RotaryAngles? angles, Action<Tensor, Tensor>? keep)
    : AttentionPass(positions, angles)
{
    private Tensor? _windowMask; // [length, length], lives in the scope of the pass, around that of a block

    internal override Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values, int? window)
    {
        (queries, keys, values) = (ByHead(queries), ByHead(keys), ByHead(values)); // [rows, heads, length, D]
        keep?.Invoke(keys, values);
        long groups = queries.size(1) / keys.size(1);
        if (groups > 1)
            (keys, values) = (keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1));
        var mixed =
            window < length
                ? nn.functional.scaled_dot_product_attention(
                    queries,
                    keys,
                    values,
                    _windowMask ??= WindowMask(window.Value, queries.device).MoveToOuterDisposeScope()
                )
                : nn.functional.scaled_dot_product_attention(queries, keys, values, is_casual: true);
        return mixed.transpose(1, 2).reshape(rows * length, -1);
    }

    private Tensor ByHead(Tensor x) => x.view(rows, length, x.size(1), x.size(2)).transpose(1, 2);

    private Tensor WindowMask(int window, Device device)
    {
        var all = ones([length, length], ScalarType.Bool, device);
        return all.tril().logical_and(all.triu(1 - window));
    }
}

/// <summary>One more token a row, which sees what the cache holds.</summary>
/// <param name="parts">Keys and values of the rows, part by part in the order of the tokens.</param>
/// <param name="positions">[rows].</param>
/// <param name="angles">Of the positions.</param>
internal sealed class CachedPass(IReadOnlyList<KeyValueSlots> parts, Tensor positions, RotaryAngles? angles)
    : AttentionPass(positions, angles)
{
    internal override Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values, int? window)
    {
        (long rows, long heads, long size, long keyHeads) = (queries.size(0), queries.size(1), queries.size(2), keys.size(1));
        queries = queries.view(rows, keyHeads, heads / keyHeads, size); // the heads of a group stand where the tokens of a sequence would
        var mixed = new List<Tensor>(parts.Count);
        long start = 0;
        foreach (KeyValueSlots part in parts)
        {
            (Tensor allKeys, Tensor allValues) = part.Append(layer, keys.narrow(0, start, part.Count), values.narrow(0, start, part.Count));
            mixed.Add(
                Attend(queries.narrow(0, start, part.Count), allKeys, allValues, part.Mask(window)).reshape(part.Count, heads * size)
            );
            start += part.Count;
        }

        return mixed.Count == 1 ? mixed[0] : cat(mixed, 0);
    }

    /// <summary>Attention of one token a row, by the kernel that goes with the element type of the cache.</summary>
    /// <param name="queries">[R, G, H / G, D].</param>
    /// <param name="keys">[R, G, columns, D], of any strides.</param>
    /// <param name="values">[R, G, columns, D].</param>
    /// <param name="hidden">What is added to the scores, 0 or -infinity, [R, 1, 1, columns]; null for nothing.</param>
    private static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor? hidden) =>
        keys.element_size() < sizeof(float)
            ? nn.functional.scaled_dot_product_attention(queries, keys, values, hidden)
            : Products(queries.to(keys.dtype), keys, values, hidden).to(queries.dtype);

    /// <summary>softmax(q k / sqrt(D)) v by plain products: the scores are small, so that no copy of keys or values is made.</summary>
    private static Tensor Products(Tensor queries, Tensor keys, Tensor values, Tensor? hidden)
    {
        (long rows, long keyHeads, long group, long size) = (queries.size(0), queries.size(1), queries.size(2), queries.size(3));
        using TorchSharp.Scalar scale = 1 / MathF.Sqrt(size); // held until the call returns: a collection may not free it meanwhile
        // [rows * G, H / G, columns]
        var scores = queries.mul(scale).view(rows * keyHeads, group, size).bmm(keys.flatten(0, 1).transpose(1, 2));
        if (hidden is not null)
            scores.view(rows, keyHeads, group, -1).Increase(hidden);
        return scores.softmax(-1).bmm(values.flatten(0, 1));
    }
}
