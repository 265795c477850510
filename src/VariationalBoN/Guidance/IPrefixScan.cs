using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Values that can be read along whole completions in one pass, instead of token by token.</summary>
internal interface IPrefixScan
{
    /// <summary>log E_ref[w | s_t] before each token, [sum of lengths], what <see cref="IPrefixWalk"/> gives step by step.</summary>
    /// <param name="rows">The completions.</param>
    /// <param name="hidden">What the output layer of the reference reads before each of their tokens,
    /// [sum of lengths, C], and layers beside it.</param>
    /// <param name="weight">The weight w.</param>
    Tensor Prefixes(IReadOnlyList<Completion> rows, Tensor hidden, RankWeight weight);
}
