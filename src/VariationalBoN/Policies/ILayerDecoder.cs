using System.Diagnostics.CodeAnalysis;
using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>
/// A decoder that gives the hidden states of its layers, beside those that its output layer reads.
/// Layer 0 is what the first block reads (the embedding), layer l what block l left in the residual
/// stream, before any normalisation: <c>hidden_states[l]</c> of Python's transformers, l below L.
/// </summary>
/// <remarks>
/// What it gives of k layers is [N, C (1 + k)]: what <see cref="IHiddenDecoder"/> and <see cref="ILinearHead"/> give, [N, C], and beside it
/// each layer in the order asked for, in the same element type. A policy may call it from several threads at once.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public interface ILayerDecoder : IHiddenDecoder
{
    /// <summary>L, the number of blocks; layers 0 to L - 1 can be asked for.</summary>
    int LayerCount { get; }

    /// <summary>What the output layer reads at chosen positions, and beside it the hidden states of k layers.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded.</param>
    /// <param name="positions">Int64 [N]: position t of row b is b * T + t.</param>
    /// <param name="layers">k layers, each from 0 to L - 1.</param>
    /// <returns>A fresh tensor [N, C (1 + k)], the caller's to dispose.</returns>
    torch.Tensor HiddenStatesAt(torch.Tensor tokens, torch.Tensor positions, ReadOnlySpan<int> layers);

    /// <summary>Reads prompts and starts to decode, with the hidden states of k layers beside those that the output layer reads:
    /// both in <paramref name="hidden"/> and in what <see cref="IDecoding.Append"/> of the returned state gives.</summary>
    /// <param name="tokens">Prompts [B, T], int64, right-padded.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <param name="additionalTokens">The most tokens that <see cref="IDecoding.Append"/> will append to a row, 0 or more.</param>
    /// <param name="layers">k layers, each from 0 to L - 1.</param>
    /// <param name="hidden">What stands after each prompt, a fresh tensor [B, C (1 + k)], the caller's to dispose.</param>
    /// <returns>The state, the caller's to dispose; its <see cref="IDecoding.Append"/> returns [B, C (1 + k)].</returns>
    IDecoding StartHiddenDecoding(
        torch.Tensor tokens,
        ReadOnlySpan<int> lengths,
        int additionalTokens,
        ReadOnlySpan<int> layers,
        out torch.Tensor hidden
    );
}
