using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>
/// A decoder that can stop before its output layer and give hidden states;
/// the logits are <see cref="ILinearHead.HeadWeight"/> times these. A learned value head reads them.
/// </summary>
/// <remarks>A policy may call it from several threads at once.</remarks>
public interface IHiddenDecoder : ILinearHead
{
    /// <summary>Reads prompts and starts to decode, with hidden states in place of logits: both in
    /// <paramref name="hidden"/> and in what <see cref="IDecoding.Append"/> of the returned state gives.</summary>
    /// <param name="tokens">Prompts [B, T], int64, right-padded.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <param name="additionalTokens">The most tokens that <see cref="IDecoding.Append"/> will append to a row, 0 or more.</param>
    /// <param name="hidden">What the output layer reads after each prompt, a fresh tensor [B, C], the caller's to dispose.</param>
    /// <returns>The state, the caller's to dispose; its <see cref="IDecoding.Append"/> returns [B, C].</returns>
    IDecoding StartHiddenDecoding(torch.Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out torch.Tensor hidden);
}
