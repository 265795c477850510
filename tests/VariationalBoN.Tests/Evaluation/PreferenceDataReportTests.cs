using VariationalBoN.Evaluation;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class PreferenceDataReportTests
{
    private static readonly PreferencePair[] s_train =
    [
        Pair("p", "good", "bad"),
        Pair("p", "same", "same"),
        Pair("q", "good", "bad") with
        {
            OtherPrompt = "r",
        },
        Pair("q", "fine", " "),
        Pair("p", "good", "bad"),
        Pair("p", "bad", "good"),
        Pair("q", "a", "bb"),
    ];

    private static readonly PreferencePair[] s_heldOut =
    [
        Pair("p", "bad", "good"),
        Pair("q", "good", "bad"),
        Pair("p", "new", "old"),
        Pair("z", "x", "x"),
        Pair("z", "x", "yy"),
    ];

    [Fact]
    public void Each_fault_is_counted_and_left_out()
    {
        var report = PreferenceDataReport.Of(s_train, s_heldOut);

        Assert.Equal((2, 1, 1, 1, 5), (report.Equal, report.Blank, report.Mismatched, report.Shared, report.LeftOut));
        Assert.Equal((1, 1, 2), (report.Repeated, report.Contradicting, report.SharedPrompts));
        Assert.Equal([s_train[0], s_train[4], s_train[5], s_train[6]], report.Train.ToArray());
        Assert.Equal([s_heldOut[1], s_heldOut[2], s_heldOut[4]], report.HeldOut.ToArray());
        Assert.Equal(5, report.Findings.Count(finding => finding.IsWarning));
        Assert.True(report.Findings[0].IsWarning);
        Assert.False(report.Findings[^1].IsWarning);
    }

    [Fact]
    public void Held_out_pairs_that_stand_twice_or_with_both_labels_are_counted_apart()
    {
        var report = PreferenceDataReport.Of(
            [Pair("a", "x", "y")],
            [Pair("p", "new", "old"), Pair("p", "new", "old"), Pair("p", "old", "new"), Pair("a", "x", "y"), Pair("a", "y", "x")]
        );

        Assert.Equal(
            (1, 1, 0, 0, 2),
            (report.HeldOutRepeated, report.HeldOutContradicting, report.Repeated, report.Contradicting, report.Shared)
        );
        Assert.Contains(
            report.Findings,
            finding =>
                finding.IsWarning
                && finding.Text.StartsWith("1 held-out pairs repeat an earlier pair with the other label", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Length_as_a_judge_is_the_share_of_longer_answers_that_were_chosen()
    {
        var report = PreferenceDataReport.Of([
            Pair("a", "long", "s"),
            Pair("b", "long", "s"),
            Pair("c", "s", "long"),
            Pair("d", "ab", "cd"),
        ]);

        Assert.Equal(2.5 / 4, report.LengthAccuracy!.Value.Value, 15);
        Assert.Equal(Estimate.FromObservations([1, 1, 0, 0.5]).StandardError, report.LengthAccuracy.Value.StandardError, 15);
        Assert.DoesNotContain(report.Findings, finding => finding.IsWarning); // one in four more than half, and so few pairs
    }

    [Theory]
    [InlineData(true, "longer")]
    [InlineData(false, "shorter")]
    public void A_length_that_alone_predicts_the_label_is_warned_of(bool longer, string word)
    {
        PreferencePair[] pairs =
        [
            .. Enumerable
                .Range(0, 1000)
                .Select(i => (i % 10 < 7) == longer ? Pair($"{i}", "a long one", "short") : Pair($"{i}", "short", "a long one")),
        ];

        var finding = Assert.Single(PreferenceDataReport.Of(pairs).Findings);
        Assert.True(finding.IsWarning);
        Assert.Contains($"The {word} answer is better\" is right for 70.0", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Pairs_without_fault_are_all_kept()
    {
        PreferencePair[] pairs = [.. Enumerable.Range(0, 100).Select(i => Pair($"{i}", "ab", "cd"))];
        var report = PreferenceDataReport.Of(pairs[..80], pairs[80..]);

        Assert.Equal(0, report.LeftOut);
        Assert.Equal(pairs, report.Train.Concat(report.HeldOut));
        Assert.Equal(0.5, report.LengthAccuracy!.Value.Value);
        Assert.Null(PreferenceDataReport.Of([Pair("p", "a", "a")]).LengthAccuracy);
    }

    private static PreferencePair Pair(string prompt, string chosen, string rejected) =>
        new()
        {
            Prompt = prompt,
            Chosen = chosen,
            Rejected = rejected,
        };
}
