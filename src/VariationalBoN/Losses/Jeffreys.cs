using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>A mix of forward and reverse KL: (1 - b) KL(g || pi_theta) + b KL(pi_theta || g),
/// the loss of BOND. Stateless, thread-safe.</summary>
/// <remarks>
/// The forward part is <see cref="WeightedLikelihood"/> of reference samples, the reverse part <see cref="ScoreFunction"/> on completions
/// of the policy; both are averages over prompts or completions, so b weighs nats against nats.
/// b = 1 is vBoN, b = 0 is BoN-SFT. Source: Sessa et al., "BOND", arXiv 2407.14622.
/// </remarks>
public static class Jeffreys
{
    /// <summary>The loss (1 - b) forward + b reverse.</summary>
    /// <param name="reverse">The loss of <see cref="ScoreFunction"/> (or <see cref="ClippedRatio"/>), a scalar with gradient.</param>
    /// <param name="forward">The loss of <see cref="WeightedLikelihood"/>, a scalar with gradient.</param>
    /// <param name="reverseWeight">b, 0 to 1.</param>
    /// <returns>A fresh scalar [], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A loss is no scalar.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reverseWeight"/> is out of range or NaN.</exception>
    public static torch.Tensor Loss(torch.Tensor reverse, torch.Tensor forward, double reverseWeight)
    {
        ArgumentNullException.ThrowIfNull(reverse);
        ArgumentNullException.ThrowIfNull(forward);
        if (!(reverseWeight >= 0 && reverseWeight <= 1))
            throw new ArgumentOutOfRangeException(nameof(reverseWeight), reverseWeight, "b, the weight of the reverse KL, must be 0 to 1.");
        if (reverse.dim() != 0 || forward.dim() != 0)
            throw new ArgumentException(
                $"The losses have shapes {Shown.Shape(reverse.shape)} and {Shown.Shape(forward.shape)}; both must be scalars [].",
                nameof(reverse)
            );
        using var scope = torch.NewDisposeScope();
        using Scalar b = reverseWeight,
            rest = 1 - reverseWeight;
        return reverse.mul(b).add(forward, rest).MoveToOuterDisposeScope();
    }
}
