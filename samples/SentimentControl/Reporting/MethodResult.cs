using VariationalBoN;

namespace SentimentControl.Reporting;

/// <summary>How a method answers: the families of the table and the plots.</summary>
internal enum Method
{
    Reference,
    BestOfN,
    VariationalBestOfN,
    ValuedBestOfN,
    BestOfNSft,
    KlConstrainedRl,
    CalibratedTilt,
    Guided,
    LowerBound,
    ClippedRatio,
    GroupNormalised,
    WinnersSft,
    Jeffreys,
    Regression,
    LogVariance,
    Iterated,
    BonBon,
    Ipo,
    Dpo,
}

/// <summary>One row of the table: held-out numbers of one method at one setting.</summary>
internal sealed record MethodResult
{
    public required Method Method { get; init; }

    /// <summary>N, or the N whose divergence beta was matched to; null for the reference.</summary>
    public double? N { get; init; }

    /// <summary>beta of KL-constrained RL.</summary>
    public double? Beta { get; init; }

    public required Estimate Reward { get; init; }

    /// <summary>Mid-rank among the cached reference rewards of the prompt.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>w / (1 - w).</summary>
    public required Estimate EffectiveN { get; init; }

    /// <summary>KL to the reference in nats.</summary>
    public required Estimate Kl { get; init; }

    /// <summary>Tokens of an answer.</summary>
    public required Estimate Length { get; init; }

    /// <summary>Share of different answers among those to one prompt.</summary>
    public required Estimate DistinctShare { get; init; }

    /// <summary>Tokens generated to give one answer.</summary>
    public required Estimate TokensGenerated { get; init; }

    /// <summary>KL(pi || pi_bon) in nats, for methods that aim at it.</summary>
    public Estimate? ObjectiveGap { get; init; }

    /// <summary>The win rate of Best-of-n at the same KL minus the win rate; null in files of earlier versions.</summary>
    public Estimate? Distance { get; init; }

    /// <summary>The greatest win rate of any policy of the same KL minus the win rate; null in files of earlier versions.</summary>
    public Estimate? CeilingDistance { get; init; }

    /// <summary>KL outside the distribution of F, in nats: at most so much changes no rank; null in files of earlier versions.</summary>
    public Estimate? OutsideRanks { get; init; }

    public string Name => MethodName(Method);

    /// <summary>"8" or "β 1.55".</summary>
    public string Dial =>
        Beta is double beta ? FormattableString.Invariant($"β {beta:0.00}")
        : N is double n ? FormattableString.Invariant($"{n:0.##}")
        : "";

    public static string MethodName(Method method) =>
        method switch
        {
            Method.Reference => "reference",
            Method.BestOfN => "Best-of-N",
            Method.VariationalBestOfN => "vBoN",
            Method.ValuedBestOfN => "vBoN with values",
            Method.BestOfNSft => "BoN-SFT",
            Method.KlConstrainedRl => "KL-constrained RL",
            Method.CalibratedTilt => "tilt c F",
            Method.Guided => "guided, no fine-tuning",
            Method.LowerBound => "vBoN, lower bound",
            Method.ClippedRatio => "vBoN, clipped ratio",
            Method.GroupNormalised => "vBoN, group-normalised",
            Method.WinnersSft => "BoN-SFT, winners",
            Method.Jeffreys => "Jeffreys mix",
            Method.Regression => "regression",
            Method.LogVariance => "log-variance",
            Method.Iterated => "iterated Best-of-2",
            Method.BonBon => "BoNBoN",
            Method.Ipo => "IPO",
            Method.Dpo => "DPO",
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "This method has no name."),
        };
}
