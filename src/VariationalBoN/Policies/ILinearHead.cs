using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>
/// Implemented by a decoder whose logits are its last hidden states times a matrix. <see cref="CausalLmPolicy"/> then computes the logits
/// a few positions at a time, forward and backward, so that they are never all in memory.
/// </summary>
/// <remarks>logits = hidden W^T must be the logits of the forward pass up to rounding.
/// A policy may call it from several threads at once.</remarks>
public interface ILinearHead : ICachedDecoder
{
    /// <summary>W, the output layer, [V, C]: the module's own parameter, which the caller does not dispose.</summary>
    torch.Tensor HeadWeight { get; }

    /// <summary>What the output layer reads at chosen positions.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded.</param>
    /// <param name="positions">Int64 [N]: position t of row b is b * T + t.</param>
    /// <returns>
    /// A fresh tensor [N, C], the caller's to dispose, in the element type in which its product with <see cref="HeadWeight"/> is computed;
    /// it carries the gradient when the parameters ask for one.
    /// </returns>
    torch.Tensor HiddenStatesAt(torch.Tensor tokens, torch.Tensor positions);
}
