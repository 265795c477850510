using System.Collections.Immutable;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>How well a judge tells which of two answers people prefer:
/// agreement, calibration, and where it fails. Immutable, thread-safe.</summary>
/// <remarks>
/// A judge prefers the answer of the higher reward; by Bradley-Terry its probability for that is p = sigmoid(|r_c
/// - r_r|). Labels of which a share f is wrong at random leave a perfect judge an accuracy of 1 - f. A reward can
/// be calibrated on the labels without measuring worth on any scale; only ranks matter to Best-of-N. Sources:
/// reliability diagram and expected calibration error: Naeini et al., AAAI 2015; Guo et al., arXiv 1706.04599.
/// </remarks>
public sealed record JudgeReport
{
    /// <summary>The number of pairs.</summary>
    public required int Pairs { get; init; }

    /// <summary>The share of pairs on which the judge prefers the chosen answer, ties half, with its error over prompts.</summary>
    public required Estimate Accuracy { get; init; }

    /// <summary>The number of pairs whose rewards are no further apart than the tolerance: the judge prefers neither.</summary>
    public required int Ties { get; init; }

    /// <summary>The accuracy on the pairs that are not ties; null when all are ties.</summary>
    public required Estimate? AccuracyWithoutTies { get; init; }

    /// <summary>Mean -log sigmoid(r_c - r_r) in nats: log 2 = 0.693 where both rewards are always equal.</summary>
    public required Estimate LogLoss { get; init; }

    /// <summary>Ten bars from a probability of 1/2 to 1: a reliability diagram.</summary>
    public required ImmutableArray<CalibrationBin> Calibration { get; init; }

    /// <summary>Expected calibration error: the mean over pairs of |observed - predicted| of their bar, 0 to 1;
    /// chance alone makes it positive.</summary>
    public required double CalibrationError { get; init; }

    /// <summary>The interval of <see cref="CalibrationError"/> over prompts, which begins at 0
    /// where chance alone makes such an error; its upper end is a little too high.</summary>
    public required Interval CalibrationErrorInterval { get; init; }

    /// <summary>The mean <see cref="CalibrationError"/> on these pairs of a
    /// judge whose probabilities are exact: what chance alone makes.</summary>
    public required double CalibrationErrorByChance { get; init; }

    /// <summary>Agreement where the chosen answer is longer, as long, shorter (in characters),
    /// and on the shortest, middle and longest third of the pairs.</summary>
    public required ImmutableArray<JudgeAgreement> ByLength { get; init; }

    /// <summary>Agreement where the chosen answer was shown first, and second; empty when no pair says it.</summary>
    public required ImmutableArray<JudgeAgreement> ByPosition { get; init; }

    /// <summary>The accuracy of "the longer answer is better" on the same pairs: what the judge must exceed.</summary>
    public required Estimate LengthAccuracy { get; init; }

    /// <summary>The number of pairs that were left out because one of their answers has no reward.</summary>
    public int Excluded { get; init; }

    /// <summary>Scores both answers of each pair, and compares.</summary>
    /// <param name="judge">The reward model.</param>
    /// <param name="pairs">The pairs, at least one; the judge has not seen them.</param>
    /// <param name="tieTolerance">Rewards no further apart than this are one, at least 0.</param>
    /// <param name="bootstrap">How intervals are made; null for the defaults.</param>
    /// <param name="scoring">Batches, and what becomes of failures; null for the defaults.
    /// A pair with an answer that is excluded is left out and counted.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The report.</returns>
    /// <exception cref="ArgumentException">There is no pair, or an option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had and <see cref="ScoringOptions.OnFailure"/>
    /// does not exclude it, or no pair has both.</exception>
    public static async Task<JudgeReport> EvaluateAsync(
        IRewardModel judge,
        IReadOnlyList<PreferencePair> pairs,
        double tieTolerance = 0,
        BootstrapOptions? bootstrap = null,
        ScoringOptions? scoring = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(judge);
        ArgumentNullException.ThrowIfNull(pairs);
        PreferencePair[] read = [.. pairs];
        IReadOnlyList<double?> scores = await judge
            .ScoreCheckedAsync(
                [.. read.SelectMany(pair => (Completion[])[pair.ChosenCompletion, pair.RejectedCompletion])],
                scoring,
                cancellationToken
            )
            .ConfigureAwait(false);
        int[] scored = [.. Enumerable.Range(0, read.Length).Where(i => scores[2 * i] is not null && scores[(2 * i) + 1] is not null)];
        if (scored.Length == 0 && read.Length > 0)
            throw new RewardModelException(
                $"The judge {judge.Identity.Name} gave none of the {read.Length} pairs a reward to both answers; "
                    + "nothing is left to compare."
            );
        var report = Of(
            [.. scored.Select(i => read[i])],
            [.. scored.Select(i => scores[2 * i]!.Value)],
            [.. scored.Select(i => scores[(2 * i) + 1]!.Value)],
            tieTolerance,
            bootstrap
        );
        return report with { Excluded = read.Length - scored.Length };
    }

    /// <summary>Compares rewards that are known.</summary>
    /// <param name="pairs">P pairs, at least one.</param>
    /// <param name="chosen">The rewards of their chosen answers, P finite numbers.</param>
    /// <param name="rejected">The rewards of their rejected answers, P finite numbers.</param>
    /// <param name="tieTolerance">Rewards no further apart than this are one, at least 0.</param>
    /// <param name="bootstrap">How intervals are made; null for the defaults.</param>
    /// <returns>The report.</returns>
    /// <exception cref="ArgumentException">There is no pair, lengths differ,
    /// a reward is not finite, or an option is out of range.</exception>
    public static JudgeReport Of(
        IReadOnlyList<PreferencePair> pairs,
        IReadOnlyList<double> chosen,
        IReadOnlyList<double> rejected,
        double tieTolerance = 0,
        BootstrapOptions? bootstrap = null
    )
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(chosen);
        ArgumentNullException.ThrowIfNull(rejected);
        bootstrap ??= new BootstrapOptions();
        bootstrap.Validate();
        if (!(tieTolerance >= 0 && double.IsFinite(tieTolerance)))
            throw new ArgumentOutOfRangeException(
                nameof(tieTolerance),
                tieTolerance,
                "The tolerance of ties must be finite and at " + "least 0."
            );
        PreferencePair[] read = [.. pairs];
        double[] better = [.. chosen],
            worse = [.. rejected];
        if (read.Length == 0 || better.Length != read.Length || worse.Length != read.Length)
            throw new ArgumentException(
                $"There are {read.Length} pairs, {better.Length} rewards of chosen and {worse.Length} of "
                    + "rejected answers; give one of each to a pair, and at least one pair.",
                nameof(pairs)
            );
        for (int i = 0; i < read.Length; i++)
        {
            if (!double.IsFinite(better[i]) || !double.IsFinite(worse[i]))
                throw new ArgumentException(
                    $"The rewards of pair {i} are {better[i]} and {worse[i]}; they must be finite.",
                    nameof(chosen)
                );
        }

        return new JudgeComparison(read, better, worse, tieTolerance).Report(bootstrap);
    }

    /// <summary>The report as lines of text, the reliability diagram among them.</summary>
    /// <returns>Several lines.</returns>
    public override string ToString() => JudgeReportText.Plain(this);
}
