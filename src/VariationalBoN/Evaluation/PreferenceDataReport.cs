using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>What is wrong with preference pairs, found before a judge is trained on them,
/// and the pairs that are left. Immutable, thread-safe.</summary>
/// <remarks>
/// A pair is left out where its answers are equal, an answer is blank, or they are to different prompts; a held-out pair also where the
/// same two answers to the same prompt are among those to train on, in either order. A length that alone predicts the label is no fault of
/// one pair:
/// it is reported, since a judge learns it first.
/// </remarks>
public sealed record PreferenceDataReport
{
    private const double NotableLengthBias = 0.1;

    /// <summary>The pairs to train on that have no fault, in their order.</summary>
    public required ImmutableArray<PreferencePair> Train { get; init; }

    /// <summary>The held-out pairs that have no fault, in their order.</summary>
    public required ImmutableArray<PreferencePair> HeldOut { get; init; }

    /// <summary>How many pairs of both sides have equal answers: there is nothing to prefer.</summary>
    public required int Equal { get; init; }

    /// <summary>How many pairs of both sides have a blank answer.</summary>
    public required int Blank { get; init; }

    /// <summary>How many pairs of both sides have answers to different prompts.</summary>
    public required int Mismatched { get; init; }

    /// <summary>How many held-out pairs are also trained on, in either order: accuracy on them would measure memory.</summary>
    public required int Shared { get; init; }

    /// <summary>How many held-out pairs, of those without fault, have a prompt that is trained on.</summary>
    public required int SharedPrompts { get; init; }

    /// <summary>How many pairs to train on repeat an earlier pair with the same label.</summary>
    public required int Repeated { get; init; }

    /// <summary>How many pairs to train on repeat an earlier pair with the other label.</summary>
    public required int Contradicting { get; init; }

    /// <summary>How many held-out pairs repeat an earlier held-out pair with the same label.</summary>
    public required int HeldOutRepeated { get; init; }

    /// <summary>How many held-out pairs repeat an earlier held-out pair with the other label: no judge is right on both.</summary>
    public required int HeldOutContradicting { get; init; }

    /// <summary>How many pairs have a fault that leaves them out.</summary>
    public int LeftOut => Equal + Blank + Mismatched + Shared;

    /// <summary>The accuracy of "the longer answer is better" on the pairs to train on, in characters, equal lengths half, with its error
    /// over prompts; null without such pairs.</summary>
    public required Estimate? LengthAccuracy { get; init; }

    /// <summary>What was found in sentences, warnings first.</summary>
    public required ImmutableArray<ReportFinding> Findings { get; init; }

    /// <summary>Looks through pairs.</summary>
    /// <param name="train">The pairs to train on.</param>
    /// <param name="heldOut">The pairs that are to measure; null for none.</param>
    /// <returns>The report.</returns>
    public static PreferenceDataReport Of(IReadOnlyList<PreferencePair> train, IReadOnlyList<PreferencePair>? heldOut = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        PreferencePair[] first = [.. train],
            second = [.. heldOut ?? []];
        PreferencePair[] all = [.. first, .. second];
        PreferencePair[] usable = [.. first.Where(pair => FaultOf(pair) == Fault.None)];
        (var known, int repeated, int contradicting) = Seen(usable);
        PreferencePair[] faultless = [.. second.Where(pair => FaultOf(pair) == Fault.None)],
            measured = [.. faultless.Where(pair => !known.ContainsKey(KeyOf(pair)))];
        (_, int heldOutRepeated, int heldOutContradicting) = Seen(measured);
        HashSet<Prompt> prompts = [.. usable.Select(pair => pair.Prompt)];
        var report = new PreferenceDataReport
        {
            Train = [.. usable],
            HeldOut = [.. measured],
            Equal = all.Count(pair => FaultOf(pair) == Fault.Equal),
            Blank = all.Count(pair => FaultOf(pair) == Fault.Blank),
            Mismatched = all.Count(pair => FaultOf(pair) == Fault.Mismatched),
            Shared = faultless.Length - measured.Length,
            SharedPrompts = measured.Count(pair => prompts.Contains(pair.Prompt)),
            Repeated = repeated,
            Contradicting = contradicting,
            HeldOutRepeated = heldOutRepeated,
            HeldOutContradicting = heldOutContradicting,
            LengthAccuracy = usable.Length == 0 ? null : LengthAccuracyOf(usable),
            Findings = [],
        };
        return report with { Findings = [.. FindingsOf(report).OrderBy(finding => !finding.IsWarning)] };
    }

    /// <summary>1 where the longer answer is the chosen one, 1/2 where both are as long.</summary>
    internal static double LongerIsChosen(PreferencePair pair) => (Math.Sign(pair.Chosen.Length - pair.Rejected.Length) + 1) / 2.0;

    /// <summary>The answers that were seen, with the label of the first occurrence, and how many occurred again.</summary>
    private static (Dictionary<(Prompt, string, string), string> Known, int Repeated, int Contradicting) Seen(PreferencePair[] pairs)
    {
        var known = new Dictionary<(Prompt, string, string), string>();
        int repeated = 0,
            contradicting = 0;
        foreach (PreferencePair pair in pairs)
        {
            if (known.TryAdd(KeyOf(pair), pair.Chosen))
                continue;
            if (known[KeyOf(pair)] == pair.Chosen)
                repeated++;
            else
                contradicting++;
        }

        return (known, repeated, contradicting);
    }

    private static Estimate LengthAccuracyOf(PreferencePair[] pairs)
    {
        var numbers = new Dictionary<Prompt, int>();
        int[] prompts =
        [
            .. pairs.Select(pair => numbers.TryGetValue(pair.Prompt, out int number) ? number : numbers[pair.Prompt] = numbers.Count),
        ];
        return Estimate.FromClusters([.. pairs.Select(LongerIsChosen)], prompts);
    }

    private static Fault FaultOf(PreferencePair pair) =>
        pair.OtherPrompt is not null ? Fault.Mismatched
        : pair.Chosen == pair.Rejected ? Fault.Equal
        : string.IsNullOrWhiteSpace(pair.Chosen) || string.IsNullOrWhiteSpace(pair.Rejected) ? Fault.Blank
        : Fault.None;

    private static (Prompt Prompt, string, string) KeyOf(PreferencePair pair) =>
        string.CompareOrdinal(pair.Chosen, pair.Rejected) < 0
            ? (pair.Prompt, pair.Chosen, pair.Rejected)
            : (pair.Prompt, pair.Rejected, pair.Chosen);

    private static IEnumerable<ReportFinding> FindingsOf(PreferenceDataReport report)
    {
        (int Count, string Text)[] faults =
        [
            (report.Equal, "equal answers; there is nothing to prefer"),
            (report.Blank, "a blank answer"),
            (
                report.Mismatched,
                "answers to different prompts: chosen and rejected, or the prompt beside them, do not begin with the " + "same conversation"
            ),
            (
                report.Shared,
                "the same answers to the same prompt as a pair to train on; held out, they would measure memory instead of accuracy"
            ),
        ];
        foreach ((int count, string text) in faults.Where(fault => fault.Count > 0))
            yield return new ReportFinding(true, $"{count} pair{(count == 1 ? " has" : "s have")} {text}. Left out.");
        if (report.Contradicting > 0)
        {
            yield return new ReportFinding(
                true,
                $"{report.Contradicting} pairs to train on repeat an earlier pair with the other label: "
                    + "people disagree, or the file was joined wrongly. They are kept."
            );
        }

        if (report.HeldOutContradicting > 0)
        {
            yield return new ReportFinding(
                true,
                $"{report.HeldOutContradicting} held-out pairs repeat an earlier pair with the other label: no "
                    + "judge is right on both. They are kept."
            );
        }

        if (report.HeldOutRepeated > 0)
        {
            yield return new ReportFinding(
                false,
                $"{report.HeldOutRepeated} held-out pairs repeat an earlier pair with the same label; each "
                    + "counts as often as it occurs."
            );
        }

        if (report.Repeated > 0)
        {
            yield return new ReportFinding(
                false,
                $"{report.Repeated} pairs to train on repeat an earlier pair with the same label; each counts as often as it occurs."
            );
        }

        if (report.SharedPrompts > 0)
        {
            yield return new ReportFinding(
                false,
                $"{report.SharedPrompts} of {report.HeldOut.Length} held-out pairs have a prompt that is "
                    + $"trained on: the accuracy is that for new answers, not for new prompts. {nameof(PreferencePairs)}."
                    + $"{nameof(PreferencePairs.Split)} splits by prompt."
            );
        }

        if (report.LengthAccuracy is Estimate length)
            yield return OfLength(length);
    }

    private static ReportFinding OfLength(Estimate length)
    {
        double off = length.Value - 0.5;
        bool notable = Math.Abs(off) >= NotableLengthBias && Math.Abs(off) > 3 * length.StandardError;
        string share = string.Create(
            CultureInfo.InvariantCulture,
            $"\"The {(off < 0 ? "shorter" : "longer")} answer is better\" is right for {100 * (0.5 + Math.Abs(off)):0.0} ± "
                + $"{100 * length.StandardError:0.0} % of the pairs to train on"
        );
        return notable
            ? new ReportFinding(
                true,
                $"{share}: length alone predicts the label, and a judge learns it first. See the agreement where "
                    + $"the {(off < 0 ? "longer" : "shorter")} answer was chosen, and balance the lengths."
            )
            : new ReportFinding(false, $"{share}: length says little.");
    }

    private enum Fault
    {
        None,
        Equal,
        Blank,
        Mismatched,
    }
}
