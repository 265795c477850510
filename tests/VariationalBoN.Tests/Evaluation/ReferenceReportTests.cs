using System.Globalization;
using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class ReferenceReportTests
{
    /// <summary>Two prompts, worked out by hand.</summary>
    [Fact]
    public void Each_number_of_a_small_table_is_what_a_pencil_gives()
    {
        var table = new ReferenceTable([
            new ReferencePrompt("a", [1.0, 2, 2, 3], ["x", "xxx", "xx", "xxxx"]),
            new ReferencePrompt("b", [5.0, 5, 5, 5], ["y", "y", "yy", "y"]),
        ]);
        var report = ReferenceReport.FromTable(table, new ReferenceReportOptions { N = 2 });

        Assert.Equal((2, 0, 4, 4, 0), (report.Prompts, report.PromptsLeftOut, report.MinM, report.MaxM, report.Excluded));
        Assert.Equal((1.0 / 6 + 1) / 2, report.TieShare.Value, 1e-12);
        Assert.Equal((0.25 + 1) / 2, report.TopShare.Value, 1e-12);
        Assert.Equal(1, report.ZeroVariancePrompts);
        Assert.Equal(2, report.DistinctRewards.Value);
        Assert.Equal(3, report.DistinctTexts!.Value.Value);
        Assert.Equal(0, report.InconsistentTexts);
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), report.LengthCorrelation!.Value.Value, 1e-12);
        Assert.Equal(1, report.LengthCorrelation.Value.Count);
        Assert.False(report.LengthInTokens);
        Assert.Null(report.TruncatedShare);
        Assert.False(report.KlIsExact);
        Assert.Equal([1, 2], report.Rows.Select(row => row.Point.N));
        Assert.Equal(((1 * 0 + 2 * 3 + 3 * 3) / 6.0 + 5) / 2, report.Rows[1].Point.Reward.Value, 1e-12);
        Assert.Equal((UnbiasedWinRate.OfBestOfN([1, 2, 2, 3], 2) + 0.5) / 2, report.Rows[1].WinRate.Value, 1e-12);
        Assert.Equal(BestOfNMath.KlToReference([0.25, 0.5, 0.25], 2) / 2, report.Rows[1].Kl.Value, 1e-12);
        Assert.Null(report.Rows[1].KlTightBound);
        Assert.Null(report.Policy);
        Assert.Equal((0.95, 0.0, 0.0), (report.Confidence, report.TieTolerance, report.MaxInconsistency));
        Assert.Equal(SamplePlanner.ExpectedKl(2, 4), report.ExpectedTargetKl);
        Assert.Equal(RankCalibration.FromTable(table), report.Calibration, SameRanks);
        // Half the pairs of "a" have their best at 3, all those of "b" at 5: the sample itself is left out there.
        double[] widths =
        [
            .. new[] { ("a", 3.0), ("b", 5.0) }.Select(at =>
            {
                EmpiricalRewardCdf others = new(table[at.Item1].Rewards.Remove(at.Item2));
                Interval band = others.LogBandAtOrBelow(at.Item2);
                return band.Upper - band.Lower;
            }),
        ];
        Assert.Equal(widths.Average(), report.TargetBandWidth.Value, 1e-12);
    }

    [Fact]
    public void One_text_with_two_rewards_and_a_tolerance_are_told_in_the_unit_of_the_rewards()
    {
        var table = new ReferenceTable([new ReferencePrompt("a", [1.0, 1.75, 2, 3], ["x", "x", "y", "y"])]).WithTieTolerance(0.125);

        var report = ReferenceReport.FromTable(
            table,
            new ReferenceReportOptions
            {
                Bootstrap = new BootstrapOptions { Confidence = 0.9, Resamples = 100 },
            }
        );

        Assert.Equal((2, 1.0), (report.InconsistentTexts, report.MaxInconsistency));
        Assert.Equal((0.125, 0.9), (report.TieTolerance, report.Confidence));
    }

    private static bool SameRanks(RankCalibration one, RankCalibration other) =>
        (one.HeldOut, one.Distance, one.PValue) == (other.HeldOut, other.Distance, other.PValue) && one.Bins.SequenceEqual(other.Bins);

    [Fact]
    public void Own_tables_tell_tokens_truncation_and_the_exact_divergence()
    {
        ScoredCompletion Sample(string text, double reward, double p, FinishReason finish = FinishReason.Stopped) =>
            new(
                new Completion
                {
                    Prompt = "a",
                    Text = text,
                    Tokens = [.. text.Select(c => (int)c)],
                    FinishReason = finish,
                },
                reward,
                Math.Log(p)
            );
        var table = new ReferenceTable([
            new ReferencePrompt(
                "a",
                [
                    .. Enumerable.Range(0, 4).Select(_ => new ScoredSample(Sample("b", 0, 1).Completion, null, -1)),
                    Sample("b", 1, 0.5),
                    Sample("cc", 2, 0.3, FinishReason.Length),
                    Sample("b", 1, 0.5),
                    Sample("dd", 3, 0.2),
                ]
            ),
        ]);
        var report = ReferenceReport.FromTable(table);

        Assert.True(report.KlIsExact);
        Assert.True(report.LengthInTokens);
        Assert.Equal(0.25, report.TruncatedShare!.Value.Value);
        Assert.Equal(BestOfNMath.KlToReference([0.5, 0.3, 0.2], 2), report.Rows[1].Kl.Value, 1e-12);
        Assert.True(report.Rows[1].KlTightBound!.Value.Value < report.Rows[1].KlUpperBound);
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.StartsWith("4 samples were drawn but left out", StringComparison.Ordinal)
        );
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.StartsWith("25% of the samples were cut", StringComparison.Ordinal)
        );
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.StartsWith("N = 8 is beyond", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void What_is_wrong_with_a_table_is_said()
    {
        string[] Of(ReferenceTable table) =>
            [.. ReferenceReport.FromTable(table).Findings.Where(finding => finding.IsWarning).Select(finding => finding.Text)];
        var good = Good(40, 128);

        Assert.Empty(Of(good));
        Assert.Contains(
            Of(new ReferenceTable(good.Prompts.Select(p => new ReferencePrompt(p.Prompt, p.Rewards.Order(), p.Responses)))),
            text => text.Contains("sorted by reward", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(
                new ReferenceTable(
                    good.Prompts.Select(p => new ReferencePrompt(p.Prompt, p.Rewards, p.Rewards.Select((_, i) => $"text {i / 2:00}")))
                )
            ),
            text => text.StartsWith("2560 texts stand with different rewards", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(
                new ReferenceTable(
                    good.Prompts.Select(p => new ReferencePrompt(
                        p.Prompt,
                        p.Rewards,
                        p.Rewards.Select(r => new string('x', 20 + (int)(3 * r)))
                    ))
                )
            ),
            text => text.StartsWith("Longer answers score higher", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(new ReferenceTable(good.Prompts.Select(p => new ReferencePrompt(p.Prompt, p.Rewards, p.Rewards.Select(_ => "one"))))),
            text => text.Contains("only 1 are different texts", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(new ReferenceTable(good.Prompts.Add(new ReferencePrompt("constant", new double[128], [])))),
            text => text.StartsWith("1 of 41 prompts have one reward", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(new ReferenceTable(good.Prompts.Add(new ReferencePrompt("poor", [1.0, 2], [])))),
            text => text.StartsWith("1 prompt(s) with less than half", StringComparison.Ordinal)
        );
        Assert.Contains(
            Of(new ReferenceTable(good.Prompts.Take(3))),
            text => text.StartsWith("There are only 3 prompts", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Policy_completions_are_compared_with_all_samples_of_their_prompt()
    {
        var table = BestOfNCurveTests.Table([
            [1, 2, 3, 4],
            [10, 20, 30, 40],
        ]);
        ScoredCompletion Of(int prompt, double reward) => new(new Completion { Prompt = $"prompt {prompt}", Text = "" }, reward, -1);
        var report = ReferenceReport.FromTable(table, new ReferenceReportOptions { N = 2 }, [Of(0, 5), Of(0, 3), Of(1, 15), Of(1, 50)]);

        PolicyComparison policy = report.Policy!;
        Assert.Equal(4, policy.Completions);
        Assert.Equal(0.5, policy.Saturation.Value);
        Assert.Equal((1 + 0.625 + 0.25 + 1) / 4, policy.WinRate.Value, 1e-12);
        Assert.Equal((1 + (((1.0 / 6) + (3.0 / 6)) / 2) + 0 + 1) / 4, policy.AgainstBestOfN[2].Value, 1e-12);
        Assert.Contains("policy beats it", report.ToString());
        Assert.Contains(report.Findings, finding => finding.Text.StartsWith("50% of the policy's completions", StringComparison.Ordinal));
        Assert.Throws<KeyNotFoundException>(() => PolicyComparison.Of(table, [Of(7, 1)], [1]));
        Assert.Throws<ArgumentException>(() => PolicyComparison.Of(table, [], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => PolicyComparison.Of(table, [Of(0, 1)], [5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => PolicyComparison.Of(table, [Of(0, double.NaN)], [1]));
    }

    /// <summary>The same report twice, in another culture too: nothing depends on time, order or language.</summary>
    [Fact]
    public void Text_and_Markdown_hold_the_same_numbers_in_every_culture()
    {
        var report = ReferenceReport.FromTable(Good(40, 64));
        (string Plain, string Markdown) first = (report.ToString(), report.ToMarkdown());
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            var again = ReferenceReport.FromTable(Good(40, 64));
            Assert.Equal(first, (again.ToString(), again.ToMarkdown()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        BestOfNRow row = report.Rows.Single(row => row.Point.N == 8);
        string[] cells =
        [
            "8",
            row.Point.Reward.ToString(),
            row.Point.RewardInterval.ToString(),
            row.Point.Gain.ToString(),
            "0.889 ± 0.000",
        ];
        Assert.Contains($"| {string.Join(" | ", cells)} |", first.Markdown);
        Assert.Contains(string.Join("  ", cells), first.Plain.Replace("   ", "  ", StringComparison.Ordinal));
        Assert.Contains("| n | reward | 95 % interval | gain | win rate | KL, from levels | KL, bound |", first.Markdown);
        Assert.Contains("- The best of 8 scores", first.Plain);
        Assert.Equal(report.Findings.Length, first.Markdown.Split('\n').Count(line => line.StartsWith("- ", StringComparison.Ordinal)));
        Assert.DoesNotContain("Infinity", ReferenceReport.FromTable(Good(1, 64)).ToString());
    }

    [Fact]
    public void The_example_of_the_sample_is_a_good_table()
    {
        var report = ReferenceReport.FromTable(
            ReferenceTable.Load(Path.Combine(Packaging.Repository.Root, "samples", "InspectRewards", "example.jsonl"))
        );

        Assert.Equal((20, 32, 32), (report.Prompts, report.MinM, report.MaxM));
        Assert.StartsWith(
            "How much more a single answer is to be favoured, F^(N - 1), is known roughly: within a factor of 5.1 (95 %)",
            Assert.Single(report.Findings, finding => finding.IsWarning).Text
        );
        Assert.InRange(report.Rows.Single(row => row.Point.N == 8).Point.Gain.Value, 3, 4);
    }

    [Fact]
    public void What_cannot_be_reported_on_is_refused()
    {
        Assert.Contains(
            "M = 1",
            Assert
                .Throws<ArgumentException>(() =>
                    ReferenceReport.FromTable(
                        BestOfNCurveTests.Table([
                            [1],
                            [2],
                        ])
                    )
                )
                .Message
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ReferenceReport.FromTable(Good(2, 4), new ReferenceReportOptions { N = double.NaN })
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => ReferenceReport.FromTable(Good(2, 4), new ReferenceReportOptions { MaxN = 0 }));
        Assert.Throws<ArgumentException>(() =>
            ReferenceReport.FromTable(Good(2, 4), new ReferenceReportOptions { Bootstrap = new() { Resamples = 1 } })
        );
        Assert.Equal(3, ReferenceReport.FromTable(Good(20, 64), new ReferenceReportOptions { MaxN = 3, N = 2.5 }).Curve.MaxN);
    }

    /// <summary>Normal rewards without ties, lengths that say nothing, no text twice.</summary>
    private static ReferenceTable Good(int prompts, int samples) =>
        new(
            Enumerable
                .Range(0, prompts)
                .Select(p =>
                {
                    var random = new CounterRandom(11, "good", p);
                    return new ReferencePrompt(
                        $"prompt {p}",
                        Enumerable.Range(0, samples).Select(i => random.Normal(i)),
                        Enumerable.Range(0, samples).Select(i => $"{i}{new string('x', (int)(random.Uniform(1000 + i) * 20))}")
                    );
                })
        );
}
