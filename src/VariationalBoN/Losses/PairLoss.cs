using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Numerics;

namespace VariationalBoN.Losses;

/// <summary>Losses of pairs: the best and the worst of n reference samples of a prompt. Stateless, thread-safe.</summary>
/// <remarks>
/// With Delta = log pi_theta - log pi_ref and h = Delta(best) - Delta(worst). Under pi_bon, E[h] = (n - 1) H_(n-1) (H: harmonic numbers),
/// which is what BoNBoN regresses on. These losses see only differences: how far the policy moves elsewhere is not controlled by them, and
/// with few pairs KL can grow far beyond that of Best-of-N. Sources: Gui et al., "BoNBoN", arXiv 2406.00832; Azar et al. (IPO), arXiv
/// 2310.12036; Rafailov et al. (DPO), arXiv 2305.18290.
/// </remarks>
public static class PairLoss
{
    /// <summary>Each loss is the mean over pairs, a pair being a group: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage Average = LossAverage.Groups;

    /// <summary>(n - 1) H_(n-1), the expected gap of log-ratios between the best and the worst of n under pi_bon, in nats.</summary>
    /// <param name="n">The number of samples that best and worst are of, at least 2.</param>
    /// <returns>1 for n = 2, 18.15 for n = 8.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 2.</exception>
    public static double ExpectedGap(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 2);
        return (n - 1) * HarmonicNumbers.Number(n - 1);
    }

    /// <summary>IPO: the mean of (h - 1 / (2 beta))^2.</summary>
    /// <param name="best">log pi_theta of the best of each pair, [P], floating point, with gradient; finite.</param>
    /// <param name="worst">log pi_theta of the worst of each pair, [P], like <paramref name="best"/>.</param>
    /// <param name="bestReference">log pi_ref of the best, P finite values.</param>
    /// <param name="worstReference">log pi_ref of the worst, P finite values.</param>
    /// <param name="beta">Sets the gap 1 / (2 beta) in nats; finite and above 0.</param>
    /// <returns>A fresh scalar [], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, or lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="beta"/> is out of range or NaN.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static torch.Tensor Ipo(
        torch.Tensor best,
        torch.Tensor worst,
        IReadOnlyList<double> bestReference,
        IReadOnlyList<double> worstReference,
        double beta
    )
    {
        RequireBeta(beta);
        using var scope = torch.NewDisposeScope();
        return SquaredGap(Gap(best, worst, bestReference, worstReference), 1 / (2 * beta)).MoveToOuterDisposeScope();
    }

    /// <summary>DPO: the mean of -log sigmoid(beta h).</summary>
    /// <remarks>Between samples of different reward the preference is certain, so the loss has no finite minimiser in a flexible model: the
    /// result depends on when training stops.</remarks>
    /// <inheritdoc cref="Ipo"/>
    /// <param name="best">log pi_theta of the best of each pair, [P], floating point, with gradient; finite.</param>
    /// <param name="worst">log pi_theta of the worst of each pair, [P], like <paramref name="best"/>.</param>
    /// <param name="bestReference">log pi_ref of the best, P finite values.</param>
    /// <param name="worstReference">log pi_ref of the worst, P finite values.</param>
    /// <param name="beta">The scale of h; finite and above 0.</param>
    public static torch.Tensor Dpo(
        torch.Tensor best,
        torch.Tensor worst,
        IReadOnlyList<double> bestReference,
        IReadOnlyList<double> worstReference,
        double beta
    )
    {
        RequireBeta(beta);
        using var scope = torch.NewDisposeScope();
        return Gap(best, worst, bestReference, worstReference).Times(beta).log_sigmoid().mean().neg().MoveToOuterDisposeScope();
    }

    /// <summary>BoNBoN: alpha times the mean of -log pi_theta(best) plus (1 - alpha) times the mean of (h - (n - 1) H_(n-1))^2.</summary>
    /// <inheritdoc cref="Ipo"/>
    /// <param name="best">log pi_theta of the best of each pair, [P], floating point, with gradient; finite.</param>
    /// <param name="worst">log pi_theta of the worst of each pair, [P], like <paramref name="best"/>.</param>
    /// <param name="bestReference">log pi_ref of the best, P finite values.</param>
    /// <param name="worstReference">log pi_ref of the worst, P finite values.</param>
    /// <param name="n">The number of samples that best and worst are of, at least 2.</param>
    /// <param name="alpha">The weight of the likelihood, 0 to 1; the paper takes 0.005.</param>
    public static torch.Tensor BonBon(
        torch.Tensor best,
        torch.Tensor worst,
        IReadOnlyList<double> bestReference,
        IReadOnlyList<double> worstReference,
        int n,
        double alpha = 0.005
    )
    {
        if (!(alpha >= 0 && alpha <= 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha, the weight of the likelihood, must be 0 to 1.");
        double target = ExpectedGap(n);
        using var scope = torch.NewDisposeScope();
        using Scalar likelihood = -alpha,
            rest = 1 - alpha;
        var pairs = SquaredGap(Gap(best, worst, bestReference, worstReference), target).mul(rest);
        return pairs.add(best.mean(), likelihood).MoveToOuterDisposeScope();
    }

    private static torch.Tensor SquaredGap(torch.Tensor gap, double target)
    {
        using Scalar centre = target;
        var difference = gap.sub(centre);
        return (difference * difference).mean();
    }

    private static torch.Tensor Gap(
        torch.Tensor best,
        torch.Tensor worst,
        IReadOnlyList<double> bestReference,
        IReadOnlyList<double> worstReference
    )
    {
        double[] ofBest = Require(best, bestReference, nameof(best), nameof(bestReference));
        double[] ofWorst = Require(worst, worstReference, nameof(worst), nameof(worstReference));
        if (best.size(0) != worst.size(0))
            throw new ArgumentException(
                $"There are {best.size(0)} best and {worst.size(0)} worst completions; give one of each to a pair.",
                nameof(worst)
            );
        var reference = torch.tensor(ofBest.Zip(ofWorst, (b, w) => b - w).ToArray(), dtype: best.dtype, device: best.device);
        return best - worst - reference; // [P]
    }

    private static double[] Require(torch.Tensor logProb, IReadOnlyList<double> reference, string name, string referenceName)
    {
        ArgumentNullException.ThrowIfNull(reference, referenceName);
        double[] values = [.. reference];
        LossArguments.RequireVector(logProb, name);
        if (logProb.size(0) != values.Length || values.Length == 0)
            throw new ArgumentException(
                $"{name} has shape [{logProb.size(0)}] but {referenceName} has {values.Length} values; give one to "
                    + "each completion, and at least one.",
                referenceName
            );
        LossArguments.RequireFinite(values, referenceName);
        LossArguments.FiniteValues(logProb, name);
        return values;
    }

    private static void RequireBeta(double beta)
    {
        if (!(beta > 0 && double.IsFinite(beta)))
            throw new ArgumentOutOfRangeException(nameof(beta), beta, "beta must be a finite number above 0.");
    }
}
