using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>A decoder whose decodings can share what they make of its weights, such as weights in another type.</summary>
internal interface ISharingDecoder : ICachedDecoder
{
    /// <summary>Reads prompts as <see cref="ICachedDecoder.StartDecoding"/> does,
    /// with the weights that another decoding began with.</summary>
    /// <param name="beside">A decoding of this decoder that is not disposed of.</param>
    /// <param name="tokens">Prompts [B, T], int64, right-padded.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <param name="additionalTokens">The most tokens that will be appended to a row.</param>
    /// <param name="logits">The logits after each prompt, a fresh tensor [B, V], the caller's to dispose.</param>
    /// <returns>The state, the caller's to dispose, before or after the other.</returns>
    IDecoding StartDecoding(IDecoding beside, Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits);
}
