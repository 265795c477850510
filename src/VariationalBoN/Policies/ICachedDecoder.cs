using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>
/// Implemented by a module that can decode with a key-value cache and compute logits at chosen positions only,
/// so that <see cref="CausalLmPolicy"/> is fast.
/// </summary>
/// <remarks>
/// Its numbers must be those of the forward pass up to rounding. Tensors stand on the device of the module's parameters.
/// A policy may call it from several threads at once.
/// </remarks>
public interface ICachedDecoder
{
    /// <summary>V, the number of logits.</summary>
    int VocabularySize { get; }

    /// <summary>The longest sequence, prompt and completion together, in tokens.</summary>
    int MaxLength { get; }

    /// <summary>The logits of the next token at chosen positions.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded.</param>
    /// <param name="positions">Int64 [N]: position t of row b is b * T + t.</param>
    /// <returns>A fresh tensor [N, V], the caller's to dispose; it carries the gradient when the parameters ask for one.</returns>
    torch.Tensor LogitsAt(torch.Tensor tokens, torch.Tensor positions);

    /// <summary>Reads prompts and starts to decode.</summary>
    /// <param name="tokens">Prompts [B, T], int64, right-padded; what stands in the padding must have no influence.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <param name="additionalTokens">The most tokens that <see cref="IDecoding.Append"/> will append to a row, 0 or more.</param>
    /// <param name="logits">The logits after each prompt, a fresh tensor [B, V], the caller's to dispose.</param>
    /// <returns>The state, the caller's to dispose.</returns>
    IDecoding StartDecoding(torch.Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out torch.Tensor logits);
}
