using System.Globalization;
using VariationalBoN;
using VariationalBoN.Numerics;

namespace AlignHuggingFace;

/// <summary>Whether a run did what it was for, and if not, what to change.</summary>
/// <param name="Aligned">The policy moved, and its win rate rose, both by more than twice their standard error.</param>
/// <param name="Text">That in a sentence or two.</param>
internal sealed record Verdict(bool Aligned, string Text)
{
    private const double Errors = 2; // standard errors that a difference must exceed

    /// <summary>Judges the held-out numbers.</summary>
    /// <param name="before">The win rate of the reference.</param>
    /// <param name="after">The win rate of the policy.</param>
    /// <param name="kl">Of the policy to the reference, in nats.</param>
    /// <param name="n">N.</param>
    public static Verdict Of(Estimate before, Estimate after, Estimate kl, double n)
    {
        double bound = BestOfNMath.KlUpperBound(n);
        if (!IsAboveZero(kl))
        {
            return Not(
                $"the policy did not move: its KL to the reference is {kl} nats.",
                "Raise --learning-rate, by a factor of 3 to 10, or --steps."
            );
        }

        Estimate rise = Difference(after, before);
        if (IsAboveZero(rise))
        {
            return new(
                true,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Aligned: the win rate rose by {rise}, from {before.Value:0.000} to {after.Value:0.000} (Best-of-{n}: "
                        + $"{n / (n + 1):0.000}), at a KL of {kl} nats (Best-of-{n}: at most {bound:0.000})."
                )
            );
        }

        string remedy =
            rise.Value <= 0 && kl.Value > bound
                ? "It went further from the reference than Best-of-N is, and not to better answers: lower --learning-rate, or give more "
                    + "--prompts."
            : kl.Value < bound / 2 && rise.Value < after.StandardError
                ? "It is still near the reference: give more --steps, or a --learning-rate 2 to 5 times as high; metrics.jsonl shows "
                    + "whether the reward rises."
            : "The error is too large to tell, or the reward hardly differs between answers: give more --prompts and --held-out, and look "
                + "at the lines with \"!\" above.";
        return Not($"the policy moved by {kl} nats, but its win rate did not rise by more than twice its error ({rise}).", remedy);
    }

    /// <summary>Whether a second judge, which was not trained on, saw the answers get worse.</summary>
    /// <param name="before">Its mean reward of the reference.</param>
    /// <param name="after">Its mean reward of the policy.</param>
    public static string OfSecond(Estimate before, Estimate after)
    {
        Estimate rise = Difference(after, before);
        string seen =
            IsAboveZero(rise) ? "agrees: it sees better answers, too"
            : IsAboveZero(new Estimate(-rise.Value, rise.StandardError, rise.Count))
                ? "disagrees: it sees worse answers. The policy exploits the first judge (reward hacking): lower --n or --steps, or "
                    + "improve that judge"
            : "sees no difference beyond its error";
        return $"The second judge {seen} ({before} before, {after} after).";
    }

    private static Verdict Not(string what, string remedy) => new(false, $"Not aligned: {what} {remedy}");

    private static bool IsAboveZero(Estimate value) => value.Value > Errors * value.StandardError;

    private static Estimate Difference(Estimate one, Estimate other) =>
        new(
            one.Value - other.Value,
            Math.Sqrt((one.StandardError * one.StandardError) + (other.StandardError * other.StandardError)),
            Math.Min(one.Count, other.Count)
        );
}
