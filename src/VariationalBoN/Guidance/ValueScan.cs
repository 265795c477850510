using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The state values of a learned head along whole completions: running sums are cumulative sums of padded rows.
/// Stateless.</summary>
internal static class ValueScan
{
    /// <summary>log E_ref[w | s_t] before each token, [sum of lengths].</summary>
    public static Tensor Prefixes(ValueNetwork network, IReadOnlyList<Completion> rows, Tensor hidden, float[] logWeights)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Device device = hidden.device;
        int length = rows.Max(row => row.Tokens.Length),
            total = rows.Sum(row => row.Tokens.Length);
        (long[] tokens, long[] previous) = PaddedTokens.Of(rows, length);
        long[] from = new long[rows.Count * length],
            to = new long[total];
        for (int row = 0, next = 0; row < rows.Count; row++)
        {
            for (int t = 0; t < rows[row].Tokens.Length; t++, next++)
                (from[(row * length) + t], to[next]) = (next, (row * length) + t); // padding reads the first place; nothing reads padding
        }

        var padded = hidden.to(ScalarType.Float32).index_select(0, tensor(from, device: device)).view(rows.Count, length, -1); // [b, T, C]
        var before = tensor(previous, [rows.Count, length], device: device);
        var units = network.Units(network.UnitBase(padded, before), tensor(tokens, [rows.Count, length], device: device)); // [b, T, U]
        var law = network.StateLaw(padded, units.cumsum(1) - units, before); // [b, T, B]
        return law.Plus(tensor(logWeights, device: device))
            .logsumexp(-1)
            .view(-1)
            .index_select(0, tensor(to, device: device))
            .MoveToOuterDisposeScope();
    }
}
