using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>One post-norm block of an encoder: y = norm(x + attention(x)), then norm(y + mlp(y)),
/// in which every token sees every other one of its sequence.</summary>
internal sealed class EncoderBlock
{
    internal required Projection Query { get; init; }

    internal required Projection Key { get; init; }

    internal required Projection Value { get; init; }

    internal required Projection Mixed { get; init; }

    internal required LayerNormalization AttentionNorm { get; init; }

    internal required Projection Up { get; init; }

    internal required Projection Down { get; init; }

    internal required LayerNormalization MlpNorm { get; init; }

    internal required int Heads { get; init; }

    internal required string Activation { get; init; }

    /// <summary>The block at chosen tokens: x is [rows * queries, C],
    /// the sequences they stand in are [rows * T, C], the result is as x.</summary>
    /// <param name="x">What the block changes: the whole sequences, or some tokens of each.</param>
    /// <param name="sequences">What those tokens look at.</param>
    /// <param name="rows">The number of sequences.</param>
    /// <param name="mask">Bool [rows, 1, 1, T], true where there is a token; null for no padding.</param>
    internal Tensor Forward(Tensor x, Tensor sequences, long rows, Tensor? mask)
    {
        var mixed = nn.functional.scaled_dot_product_attention(
            Split(Query.forward(x)),
            Split(Key.forward(sequences)),
            Split(Value.forward(sequences)),
            mask
        );
        var y = AttentionNorm.forward(x.Plus(Mixed.forward(mixed.transpose(1, 2).reshape(x.shape))));
        return MlpNorm.forward(y.Plus(Down.forward(Activations.Apply(Activation, Up.forward(y)))));

        // [rows, H, tokens, D]
        Tensor Split(Tensor part) => part.view(rows, part.size(0) / rows, Heads, part.size(1) / Heads).transpose(1, 2);
    }

    /// <summary>The last state of the first token of each sequence [rows, C] from embedded sequences [rows * T, C].</summary>
    internal static Tensor FirstStates(IReadOnlyList<EncoderBlock> blocks, Tensor embedded, long rows, ReadOnlySpan<int> lengths)
    {
        long length = embedded.size(0) / rows,
            width = embedded.size(1);
        var mask = Mask(lengths, (int)length, embedded.device);
        var x = embedded.alias();
        foreach (var block in blocks.SkipLast(1))
        {
            using var scope = NewDisposeScope(); // what a block makes on the way is gone before the next one
            using var before = x;
            x = block.Forward(before, before, rows, mask).MoveToOuterDisposeScope();
        }

        return blocks[^1].Forward(x.view(rows, length, width).select(1, 0), x, rows, mask); // nothing else of the last block is read
    }

    private static Tensor? Mask(ReadOnlySpan<int> lengths, int length, Device device)
    {
        if (lengths.IndexOfAnyExcept(length) < 0)
            return null;
        bool[] counts = new bool[lengths.Length * length];
        for (int row = 0; row < lengths.Length; row++)
            counts.AsSpan(row * length, lengths[row]).Fill(true);
        return tensor(counts, [lengths.Length, 1, 1, length], device: device);
    }
}
