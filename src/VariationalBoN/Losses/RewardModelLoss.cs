using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>Losses of a reward model: Bradley-Terry on pairs of completions, and cross-entropy on labels. Stateless, thread-safe.</summary>
/// <remarks>
/// Each is a mean, over pairs or over completions: a part of b of B counts b / B when a gradient is accumulated part by part. Labels of
/// which a share f is wrong are
/// fitted as they are: the best differences of Bradley-Terry are then log((1 - f) / f) at most, so that their order is right and their size
/// is not.
/// Sources: Bradley and Terry, Biometrika 39, 1952; margins: Touvron et al., arXiv 2307.09288, equation 2;
/// centring: Eisenstein et al., arXiv 2312.09244, section 2.
/// </remarks>
public static class RewardModelLoss
{
    /// <summary>The mean over pairs of -log sigmoid(r_c - r_r - m) + c (r_c + r_r)^2, in nats.</summary>
    /// <remarks>
    /// Only differences of rewards of one prompt are learned; a small c, such as 0.01, holds the level of each prompt at 0. A margin m asks
    /// for a larger difference
    /// where people saw one.
    /// </remarks>
    /// <param name="chosen">r_c, the rewards of the preferred completions, [P], floating point, with gradient; finite.</param>
    /// <param name="rejected">r_r, those of the others in the same order, [P], like <paramref name="chosen"/>.</param>
    /// <param name="margins">m, P finite values of at least 0; null for 0.</param>
    /// <param name="centring">c, finite and at least 0.</param>
    /// <returns>A fresh scalar [], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ,
    /// there is no pair, or a margin is negative.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="centring"/> is out of range or NaN.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static torch.Tensor BradleyTerry(
        torch.Tensor chosen,
        torch.Tensor rejected,
        IReadOnlyList<double>? margins = null,
        double centring = 0
    )
    {
        if (!(centring >= 0 && double.IsFinite(centring)))
            throw new ArgumentOutOfRangeException(nameof(centring), centring, "The weight of centring must be finite and at least 0.");
        RequireRewards(chosen, nameof(chosen));
        RequireRewards(rejected, nameof(rejected));
        long pairs = chosen.size(0);
        if (pairs == 0 || rejected.size(0) != pairs)
            throw new ArgumentException(
                $"There are {pairs} chosen and {rejected.size(0)} rejected completions; give one of each to a "
                    + "pair, and at least one pair.",
                nameof(rejected)
            );
        double[]? asked = margins is null ? null : RequireMargins(margins, pairs);
        using var scope = torch.NewDisposeScope();
        var difference = chosen - rejected;
        if (asked is not null)
            difference = difference - torch.tensor(asked, dtype: chosen.dtype, device: chosen.device);
        var loss = difference.log_sigmoid().mean().neg();
        if (centring > 0)
            loss = loss.Plus(chosen.Plus(rejected).Squared().mean().Times(centring));
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The mean over completions of -log softmax(logits)[label];
    /// with a single logit r, of -log sigmoid(r) for label 1 and -log sigmoid(-r) for label 0.</summary>
    /// <param name="logits">[B, L], floating point, with gradient; finite.</param>
    /// <param name="labels">B labels, 0 to L - 1; 0 or 1 where L is 1.</param>
    /// <returns>A fresh scalar [], in nats, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ,
    /// there is no completion, or a label is out of range.</exception>
    /// <exception cref="ArithmeticException">A logit is NaN or infinite.</exception>
    public static torch.Tensor CrossEntropy(torch.Tensor logits, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        int[] read = [.. labels];
        if (logits.dim() != 2 || !logits.is_floating_point())
            throw new ArgumentException(
                $"logits is {logits.dtype} {Shown.Shape(logits.shape)}; expected floating point [B, L], L " + "logits for each completion.",
                nameof(logits)
            );
        if (read.Length == 0 || read.Length != logits.size(0) || logits.size(1) == 0)
            throw new ArgumentException(
                $"logits has shape {Shown.Shape(logits.shape)} but there are {read.Length} labels; give one to "
                    + "each completion, and at least one.",
                nameof(labels)
            );
        long most = Math.Max(2, logits.size(1));
        int wrong = Array.FindIndex(read, label => label < 0 || label >= most);
        if (wrong >= 0)
            throw new ArgumentException($"labels[{wrong}] is {read[wrong]}; it must be 0 to {most - 1}.", nameof(labels));
        LossArguments.FiniteValues(logits, nameof(logits));
        using var scope = torch.NewDisposeScope();
        if (logits.size(1) == 1)
        {
            var sign = torch.tensor([.. read.Select(label => label == 1 ? 1.0 : -1)], dtype: logits.dtype, device: logits.device); // [B]
            return (logits.select(1, 0) * sign).log_sigmoid().mean().neg().MoveToOuterDisposeScope();
        }

        var places = torch.tensor([.. read.Select(label => (long)label)], [read.Length, 1], device: logits.device);
        return torch.nn.functional.log_softmax(logits, 1).gather(1, places).mean().neg().MoveToOuterDisposeScope();
    }

    private static void RequireRewards(torch.Tensor rewards, string name)
    {
        LossArguments.RequireVector(rewards, name);
        LossArguments.FiniteValues(rewards, name);
    }

    private static double[] RequireMargins(IReadOnlyList<double> margins, long pairs)
    {
        double[] asked = [.. margins];
        if (asked.Length != pairs)
            throw new ArgumentException($"There are {pairs} pairs and {asked.Length} margins; give one to each pair.", nameof(margins));
        LossArguments.RequireFinite(asked, nameof(margins));
        int negative = Array.FindIndex(asked, margin => margin < 0);
        return negative < 0
            ? asked
            : throw new ArgumentException(
                $"margins[{negative}] is {asked[negative]}; a margin is at least 0. Exchange chosen and "
                    + "rejected of the pair where the other one is better.",
                nameof(margins)
            );
    }
}
