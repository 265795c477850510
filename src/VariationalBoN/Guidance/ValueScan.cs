using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The state values of a learned head along whole completions, in one pass. Stateless.</summary>
internal static class ValueScan
{
    /// <summary>log E_ref[w | s_t] before each token, [sum of lengths].</summary>
    public static Tensor Prefixes(ValueNetwork network, IReadOnlyList<Completion> completions, Tensor read, float[] logWeights)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var rows = new PackedRows(completions, read.device);
        var law = network.StateLaw(read, network.Along(rows, read).Before, rows.Previous); // [P, B]
        return law.Plus(tensor(logWeights, device: read.device)).logsumexp(-1).MoveToOuterDisposeScope();
    }
}
