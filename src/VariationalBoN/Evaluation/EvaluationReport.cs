using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace VariationalBoN.Evaluation;

/// <summary>Held-out numbers of a policy, each with a standard error clustered by prompt. Immutable, thread-safe.</summary>
/// <remarks>With a single prompt the errors are over its completions, and speak of that prompt alone.</remarks>
public sealed record EvaluationReport
{
    /// <summary>Mean reward, in the reward model's unit.</summary>
    public required Estimate Reward { get; init; }

    /// <summary>Mean of each named component of the reward over the completions that have it; empty for a reward without parts.</summary>
    public IReadOnlyDictionary<string, Estimate> RewardComponents { get; init; } = ImmutableSortedDictionary<string, Estimate>.Empty;

    /// <summary>w = E[F_lt + q / 2]: the probability to beat one reference sample, ties counted half;
    /// 0 to 1, N / (N + 1) for Best-of-N.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>The win rate against reference samples of the same length, so that a judge's liking for length does not count; null where
    /// the lengths of the table's samples are not known.</summary>
    public LengthControlledWinRate? LengthControlled { get; init; }

    /// <summary>w / (1 - w): the N whose Best-of-N has this win rate; its error by the delta method;
    /// both infinite when every reference sample is beaten.</summary>
    public required Estimate EffectiveN { get; init; }

    /// <summary>KL(pi_theta || pi_ref) in nats per completion by every estimator.</summary>
    public required KlEstimates KlEstimates { get; init; }

    /// <summary>KL(pi_theta || pi_ref) in nats per completion by the best estimator there is, <see cref="KlEstimator"/>.</summary>
    public Estimate Kl => KlEstimates[KlEstimator];

    /// <summary>How <see cref="Kl"/> was estimated.</summary>
    public KlEstimator KlEstimator => KlEstimates.Best;

    /// <summary>The win rate of Best-of-n, n real, at this <see cref="Kl"/>, minus <see cref="WinRate"/>:
    /// positive under the curve, 0 on it.</summary>
    /// <remarks>The curve is that of continuous rewards (<see cref="Numerics.WinRateCurve"/>), so with ties an upper bound. The error, by
    /// the delta method, counts that KL and win rate are of the same completions;
    /// infinite where the estimate of KL is not above 0 though its terms are not all 0.</remarks>
    public required Estimate CurveDistance { get; init; }

    /// <summary>The greatest win rate of any policy of this <see cref="Kl"/>, minus <see cref="WinRate"/>;
    /// beyond N = 4 hardly more than <see cref="CurveDistance"/>.</summary>
    public required Estimate CeilingDistance { get; init; }

    /// <summary>How much of <see cref="Kl"/> moves the ranks of rewards, and how much at most does not.</summary>
    public required RankDivergence Ranks { get; init; }

    /// <summary>KL(pi_theta || pi_bon) in nats, when a Best-of-N distribution was given; can come out slightly negative near 0.</summary>
    public Estimate? ObjectiveGap { get; init; }

    /// <summary>Mean length in tokens, stop token included.</summary>
    public required Estimate Length { get; init; }

    /// <summary>Mean share of different texts among the completions of a prompt; 0 to 1.</summary>
    public required Estimate DistinctShare { get; init; }

    /// <summary>Share of completions cut at the maximum length; 0 to 1.</summary>
    public required Estimate TruncatedShare { get; init; }

    /// <summary>Number of completions measured.</summary>
    public required int Completions { get; init; }

    /// <summary>Number of completions drawn but left out of every number above.</summary>
    public required int Excluded { get; init; }

    /// <summary>The report as a small table, one number a line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Line("reward", Reward);
        foreach ((string name, Estimate value) in RewardComponents)
            Line($"  {name}", value);
        Line("win rate", WinRate);
        if (LengthControlled is { } controlled)
            text.Append(CultureInfo.InvariantCulture, $"{"win rate at equal length", -34} {controlled}\n");
        Line("effective N", EffectiveN);
        if (KlEstimates.Stepwise is Estimate stepwise)
            Line("KL to reference (stepwise), nats", stepwise);
        Line("KL to reference (k1), nats", KlEstimates.K1);
        Line("KL to reference (k3), nats", KlEstimates.K3);
        Line("KL of the ranks (F), nats", Ranks.Kl);
        Line("KL that changes no rank, nats", Ranks.Outside);
        Line("win rate under the Best-of-n curve", CurveDistance);
        Line("win rate under the ceiling", CeilingDistance);
        if (ObjectiveGap is Estimate gap)
            Line("KL to Best-of-N, nats", gap);
        Line("length, tokens", Length);
        Line("distinct share", DistinctShare);
        Line("truncated share", TruncatedShare);
        return text.Append(
                CultureInfo.InvariantCulture,
                $"{"completions", -34} {Completions} over {Reward.Count} prompts, {Excluded} excluded"
            )
            .ToString();

        void Line(string name, Estimate value) => text.Append(CultureInfo.InvariantCulture, $"{name, -34} {value}\n");
    }
}
