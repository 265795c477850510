using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>The likelihood of a part of the tokens of given completions: supervised fine-tuning on conversations, where the assistant's
/// turns alone count. Stateless, thread-safe.</summary>
/// <remarks>The loss is -(1/B) sum_i w_i sum_t m_it log pi_theta(a_it | before), with w = 1 the mean over conversations of the negative
/// log-likelihood of their masked tokens.</remarks>
public static class MaskedLikelihood
{
    /// <summary>The loss is the mean over completions: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage Average = LossAverage.Completions;

    /// <summary>The loss -(1/B) sum_i w_i sum_t m_it log pi_theta(a_it), in nats.</summary>
    /// <param name="tokenLogProb">log pi_theta of each token, [B, T], floating point, on any device, with gradient:
    /// <c>ITokenPolicy.TokenLogProb</c>.</param>
    /// <param name="masks">For each completion which of its tokens count; at most T of each, tokens behind do not count.</param>
    /// <param name="weights">w_i, B finite values of at least 0; null for 1 each.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="tokenLogProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ, a weight is negative, or no token counts.</exception>
    /// <exception cref="ArithmeticException">The log-probability of a token that counts, or a weight, is NaN or infinite.</exception>
    public static torch.Tensor Loss(
        torch.Tensor tokenLogProb,
        IReadOnlyList<IReadOnlyList<bool>> masks,
        IReadOnlyList<double>? weights = null
    )
    {
        ArgumentNullException.ThrowIfNull(tokenLogProb);
        ArgumentNullException.ThrowIfNull(masks);
        if (tokenLogProb.dim() != 2 || !tokenLogProb.is_floating_point())
            throw new ArgumentException(
                $"tokenLogProb has shape {Shown.Shape(tokenLogProb.shape)} and dtype {tokenLogProb.dtype}; expected [B, T] of a "
                    + $"floating-point type.",
                nameof(tokenLogProb)
            );
        int batch = (int)tokenLogProb.size(0),
            width = (int)tokenLogProb.size(1);
        double[] shares = weights is null ? [.. Enumerable.Repeat(1.0, masks.Count)] : [.. weights];
        if (batch == 0 || masks.Count != batch || shares.Length != batch)
            throw new ArgumentException(
                $"tokenLogProb has shape {Shown.Shape(tokenLogProb.shape)} but there are {masks.Count} masks and {shares.Length} weights; "
                    + $"give at least one completion, and one of each to it.",
                nameof(masks)
            );
        LossArguments.RequireFinite(shares, nameof(weights));
        if (Array.FindIndex(shares, share => share < 0) is >= 0 and var negative)
            throw new ArgumentException($"weights[{negative}] is {shares[negative]}; it must be at least 0.", nameof(weights));
        double[] factors = Factors(masks, shares, width);
        using var scope = torch.NewDisposeScope();
        double[] values = tokenLogProb.detach().Doubles();
        for (int i = 0; i < values.Length; i++)
        {
            if (factors[i] != 0 && !double.IsFinite(values[i]))
                throw new ArithmeticException(
                    $"tokenLogProb[{i / width}, {i % width}] is {values[i]}; a token that the policy gives no probability to, or weights "
                        + $"that are no longer numbers, cannot be trained on."
                );
        }

        var factor = torch.tensor(factors, [batch, width], dtype: tokenLogProb.dtype, device: tokenLogProb.device); // [B, T]
        var counts = torch.tensor(Array.ConvertAll(factors, value => value != 0), [batch, width], device: tokenLogProb.device);
        var zero = torch.zeros_like(tokenLogProb);
        return (factor * torch.where(counts, tokenLogProb, zero)).sum().neg().MoveToOuterDisposeScope(); // []
    }

    /// <summary>w_i m_it / B, row by row.</summary>
    private static double[] Factors(IReadOnlyList<IReadOnlyList<bool>> masks, double[] weights, int width)
    {
        double[] factors = new double[checked(masks.Count * width)];
        for (int i = 0; i < masks.Count; i++)
        {
            bool[] mask = [.. masks[i] ?? throw new ArgumentException($"masks[{i}] is null.", nameof(masks))];
            if (mask.Length > width)
                throw new ArgumentException(
                    $"masks[{i}] has {mask.Length} tokens, and tokenLogProb {width}; give the masks of the same completions.",
                    nameof(masks)
                );
            if (!mask.Contains(true))
                throw new ArgumentException($"masks[{i}] has no token that counts; leave such a completion out.", nameof(masks));
            for (int t = 0; t < mask.Length; t++)
                factors[(i * width) + t] = mask[t] ? weights[i] / masks.Count : 0;
        }

        return factors;
    }
}
