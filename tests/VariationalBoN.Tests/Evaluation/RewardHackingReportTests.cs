using System.Collections.Immutable;
using VariationalBoN.Evaluation;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>Worlds whose hacking threshold is known: r1 = F, E[r2 | F] = F - c F^K, so that J(n) = n / (n + 1) - c n / (n + K).</summary>
[Trait("Tier", "fast")]
public sealed class RewardHackingReportTests
{
    private const double Flaw = 0.45,
        Power = 20,
        Known = 8.5; // (K - s) / (s - 1) with s = sqrt(c K) = 3

    [Fact]
    public void The_threshold_of_a_known_flaw_lies_in_its_interval()
    {
        var report = RewardHackingReport.FromTable(
            World(200, 64, seed: 1, noise: .05),
            "truth",
            new RewardHackingOptions
            {
                N = 16,
                Bootstrap = new BootstrapOptions { Resamples = 300 },
            }
        );

        Assert.Equal((32, 16.0), (report.MaxN, report.N));
        Assert.InRange(report.Threshold!.Value, Known - 1.5, Known + 1.5);
        Assert.True(report.ThresholdInterval.Contains(Known), $"{report.ThresholdInterval}");
        Assert.InRange(report.ThresholdInterval.Upper, report.Threshold.Value, 16);
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.Contains("N = 16 is beyond", StringComparison.Ordinal)
        );
        foreach (HackingPoint point in report.Points)
        {
            Assert.InRange(point.Second.Value - J(point.N), -4 * point.Second.StandardError, 4 * point.Second.StandardError);
            Assert.InRange(point.First.Value - (point.N / (point.N + 1)), -4 * point.First.StandardError, 4 * point.First.StandardError);
            double slope = (J(point.N + 1e-5) - J(point.N)) / 1e-5;
            Assert.InRange(point.Slope.Value - slope, (-4 * point.Slope.StandardError) - 1e-5, (4 * point.Slope.StandardError) + 1e-5);
        }
    }

    [Fact]
    public void A_world_of_few_answers_with_ties_has_the_threshold_of_its_enumeration()
    {
        double[] p = [.. Enumerable.Range(0, 24).Select(i => 1.0 / 24)];
        double[] first = [.. Enumerable.Range(0, 24).Select(i => (double)(i / 2))]; // two answers to each level
        double[] second = [.. Enumerable.Range(0, 24).Select(i => i < 18 ? i / 18.0 : 1.2 - (.35 * (i - 17)))];
        double Exact(double n) =>
            Enumerable
                .Range(0, 12)
                .Sum(level =>
                    (Math.Pow((level + 1) / 12.0, n) - Math.Pow(level / 12.0, n)) * (second[2 * level] + second[(2 * level) + 1]) / 2
                );
        double known = MathNet.Numerics.RootFinding.Bisection.FindRoot(n => Exact(n + 1e-5) - Exact(n - 1e-5), 1.2, 20, 1e-6);

        var table = new ReferenceTable(
            Enumerable
                .Range(0, 150)
                .Select(prompt =>
                {
                    int[] drawn =
                    [
                        .. Enumerable.Range(0, 64).Select(k => (int)(24 * new CounterRandom(new DrawSeed(3), $"p{prompt}", k).Uniform(0))),
                    ];
                    return new ReferencePrompt(
                        $"p{prompt}",
                        drawn.Select(i => first[i]),
                        [],
                        Component("truth", drawn.Select(i => (double?)second[i]))
                    );
                })
        );
        var report = RewardHackingReport.FromTable(table, "truth");

        Assert.InRange(report.Threshold!.Value, known * .8, known * 1.25);
        Assert.True(report.ThresholdInterval.Contains(known), $"{known} is not in {report.ThresholdInterval}");
    }

    [Fact]
    public void Intervals_hold_the_known_threshold_about_as_often_as_they_say()
    {
        const int Tables = 40;
        int held = Enumerable
            .Range(0, Tables)
            .Count(t =>
                RewardHackingReport
                    .FromTable(
                        World(30, 32, seed: 100 + t, noise: .05),
                        "truth",
                        new RewardHackingOptions { Bootstrap = new BootstrapOptions { Resamples = 100 } }
                    )
                    .ThresholdInterval.Contains(Known)
            );

        Assert.InRange(held, 33, Tables); // Binomial(40, .95) is below 33 once in 3,000 times
    }

    [Fact]
    public void A_second_reward_that_rises_or_falls_throughout_has_no_threshold()
    {
        var rises = RewardHackingReport.FromTable(World(20, 32, seed: 1, second: u => u), "truth");
        var falls = RewardHackingReport.FromTable(World(20, 32, seed: 1, second: u => -u), "truth");

        Assert.Null(rises.Threshold);
        Assert.True(rises.Helps);
        Assert.Equal(double.PositiveInfinity, rises.ThresholdInterval.Upper);
        Assert.Contains("none up to N = 16 is too many (95 % interval beyond 16)", rises.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", rises.ToString(), StringComparison.Ordinal);
        Assert.Null(falls.Threshold);
        Assert.False(falls.Helps);
        Assert.Equal(new Interval(1, 1), falls.ThresholdInterval);
        Assert.Contains(falls.Findings, finding => finding.IsWarning && finding.Text.Contains("never help", StringComparison.Ordinal));
    }

    [Fact]
    public void Scores_of_a_part_of_the_samples_chosen_by_rank_give_the_same_threshold()
    {
        var report = RewardHackingReport.FromTable(
            World(200, 64, seed: 5, noise: .05, scored: (u, v) => v < .3 + (.5 * u)),
            "truth",
            new RewardHackingOptions { Bootstrap = new BootstrapOptions { Resamples = 300 } }
        );

        Assert.InRange(report.Scored / (double)report.Samples, .5, .6);
        Assert.InRange(report.MaxN, 8, 20);
        Assert.True(report.ThresholdInterval.Contains(Known), $"{report.ThresholdInterval}");
        Assert.InRange(report.Points.Single(point => point.N == 8).Second.Value, J(8) - .02, J(8) + .02);
    }

    /// <summary>E[r2 | u] is 0 below .5, 1 up to .9, .8 above:
    /// J(n) = .8 + .2 * .9^n - .5^n, whose slope is 0 where (.9 / .5)^n = ln .5 / (.2 ln .9).</summary>
    [Fact]
    public void Scores_of_few_of_the_lower_half_do_not_hide_what_Best_of_N_leaves_behind()
    {
        double known = Math.Log(Math.Log(.5) / (.2 * Math.Log(.9))) / Math.Log(1.8);
        var report = RewardHackingReport.FromTable(
            World(300, 64, seed: 7, second: Steps, scored: (u, v) => u >= .5 || v < .25),
            "truth",
            new RewardHackingOptions { Bootstrap = new BootstrapOptions { Resamples = 200 } }
        );

        Assert.Equal(5.94, known, .01);
        Assert.InRange(report.Threshold!.Value, known - 1, known + 1);
        foreach (HackingPoint point in report.Points)
            // the line over the step at .5 adds .023 at n = 1; the scored alone would have .78 instead of .48
            Assert.Equal(.8 + (.2 * Math.Pow(.9, point.N)) - Math.Pow(.5, point.N), point.Second.Value, .035);
    }

    [Fact]
    public void Ranks_of_which_no_sample_is_scored_are_named()
    {
        var upper = World(40, 64, seed: 7, second: Steps, scored: (u, _) => u >= .5);
        var top = new ReferenceTable(
            Enumerable
                .Range(0, 20)
                .Select(prompt => new ReferencePrompt(
                    $"p{prompt}",
                    Enumerable.Range(0, 64).Select(k => (double)k),
                    [],
                    Component("truth", Enumerable.Range(0, 64).Select(k => k < 60 ? (double?)null : k))
                ))
        );

        string half = Assert.Throws<ArgumentException>(() => RewardHackingReport.FromTable(upper, "truth")).Message;
        Assert.Contains("0 to 12.5 %, 12.5 to 25 %, 25 to 37.5 %", half, StringComparison.Ordinal);
        Assert.DoesNotContain("62.5", half, StringComparison.Ordinal);
        Assert.Contains(
            "75 to 87.5 % (0",
            Assert.Throws<ArgumentException>(() => RewardHackingReport.FromTable(top, "truth")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_not_scored_is_the_mean_of_its_level_or_lies_between_the_levels_beside_it()
    {
        double[] filled = SecondByRank.Fill([0, 1, 1, 1, 2, 3, 4], [null, 2, null, 4, null, 9, null]);

        // Ranks 0, 2, 2, 2, 4, 5, 6; the known levels are 3 at rank 2 and 9 at rank 5.
        Assert.Equal([3, 2, 3, 4, 7, 9, 9], filled);
    }

    [Fact]
    public void An_ensemble_that_disagrees_at_the_top_and_length_there_are_told()
    {
        var table = new ReferenceTable(
            Enumerable
                .Range(0, 40)
                .Select(prompt =>
                {
                    double[] u = [.. Enumerable.Range(0, 64).Select(k => Uniform(prompt, k, 0))];
                    double?[] Member(int m) =>
                        [.. u.Select((value, k) => (double?)(value < .75 ? value : .75 + (.25 * Uniform(prompt, k, m))))];
                    IEnumerable<string> texts = u.Select(
                        (value, k) => new string('x', 20 + (value < .75 ? (int)(10 * Uniform(prompt, k, 5)) : (int)(100 * (value - .75))))
                    );
                    return new ReferencePrompt(
                        $"p{prompt}",
                        u,
                        texts,
                        [
                            .. Component("truth", u.Select(value => (double?)value)),
                            .. Component("a", Member(1)),
                            .. Component("b", Member(2)),
                        ]
                    );
                })
        );
        var report = RewardHackingReport.FromTable(table, "truth", new RewardHackingOptions { Ensemble = ["a", "b"] });

        Assert.Equal([1, .5, .25, .125, .0625], report.Ranks.Select(of => of.Share));
        Assert.Equal(["a", "b"], report.Ensemble.AsEnumerable());
        Assert.Equal((0, 0.95), (report.PromptsLeftOut, report.Confidence));
        // The highest k of 64 samples: of the second reward, which is the first, and of the length as a share of the mean of all.
        foreach (TopRanks ranks in report.Ranks)
        {
            double[] second = [.. table.Prompts.Select(prompt => prompt.Rewards.OrderDescending().Take((int)(64 * ranks.Share)).Average())],
                length =

                [
                    .. table.Prompts.Select(prompt =>
                        prompt
                            .Rewards.Zip(prompt.Responses, (reward, text) => (reward, text.Length))
                            .OrderByDescending(sample => sample.reward)
                            .Take((int)(64 * ranks.Share))
                            .Average(sample => sample.Length) / prompt.Responses.Average(text => text.Length)
                    ),
                ];
            Assert.Equal(second.Average(), ranks.Second.Value, 1e-12);
            Assert.Equal(length.Average(), ranks.RelativeLength!.Value.Value, 1e-12);
        }
        Assert.Equal(1, report.Ranks[0].Agreement!.Value.Value, 1e-12);
        Assert.True(report.Ranks[2].Disagreement!.Value.Value > 3 * report.Ranks[0].Disagreement!.Value.Value);
        Assert.True(report.Ranks[2].LengthCorrelation!.Value.Value > .9);
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.StartsWith("The ensemble disagrees", StringComparison.Ordinal)
        );
        Assert.Contains(
            report.Findings,
            finding => finding.IsWarning && finding.Text.Contains("longer ones score higher", StringComparison.Ordinal)
        );
        Assert.Contains("disagreement", report.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Components_that_are_not_there_too_few_scores_and_bad_options_are_refused_by_name()
    {
        var table = World(5, 32, seed: 1);

        Assert.Contains(
            "\"truth\"",
            Assert.Throws<ArgumentException>(() => RewardHackingReport.FromTable(table, "people")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\"people\"",
            Assert
                .Throws<ArgumentException>(() =>
                    RewardHackingReport.FromTable(table, "truth", new RewardHackingOptions { Ensemble = ["truth", "people"] })
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() =>
            RewardHackingReport.FromTable(table, "truth", new RewardHackingOptions { Ensemble = ["truth"] })
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            RewardHackingReport.FromTable(table, "truth", new RewardHackingOptions { N = double.NaN })
        );
        Assert.Contains(
            "the most is",
            Assert
                .Throws<ArgumentException>(() => RewardHackingReport.FromTable(World(5, 32, seed: 1, scored: (u, _) => u < .02), "truth"))
                .Message,
            StringComparison.Ordinal
        );
        var low = World(5, 32, seed: 1, scored: (u, _) => u < .4);
        Assert.Contains(
            "highest reward",
            Assert.Throws<ArgumentException>(() => RewardHackingReport.FromTable(low, "truth")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_second_judge_or_another_table_of_the_same_samples_becomes_a_component()
    {
        var table = new ReferenceTable([new ReferencePrompt("a", [1.0, null, 2], ["x", "yyy"]), new ReferencePrompt("b", [3.0], ["zz"])]);
        var judged = await table.WithComponentAsync("length", RewardModel.FromFunction((_, text) => text.Length, "length"));
        var merged = table.WithComponent("other", new ReferenceTable([new ReferencePrompt("a", [7.0, 8.0, null], ["x", "?"])]));

        Assert.Equal([1, 3], judged["a"].Components["length"].Select(value => (int)value!));
        Assert.Equal([2], judged["b"].Components["length"].Select(value => (int)value!));
        Assert.Equal(1, judged["a"].Excluded);
        Assert.Equal(new double?[] { 7.0, null }, merged["a"].Components["other"]);
        Assert.Empty(merged["b"].Components);
        await Assert.ThrowsAsync<ArgumentException>(() =>
            judged.WithComponentAsync("length", RewardModel.FromFunction((_, _) => 0, "zero"))
        );
        Assert.Contains(
            "\"q\"",
            Assert
                .Throws<ArgumentException>(() =>
                    table.WithComponent("other", new ReferenceTable([new ReferencePrompt("a", [1.0, 2, 3], ["q", "y", "yyy"])]))
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "2 in the other",
            Assert
                .Throws<ArgumentException>(() => table.WithComponent("other", new ReferenceTable([new ReferencePrompt("a", [1.0, 2], [])])))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no prompt in common",
            Assert
                .Throws<ArgumentException>(() => table.WithComponent("other", new ReferenceTable([new ReferencePrompt("c", [1.0, 2], [])])))
                .Message,
            StringComparison.Ordinal
        );
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new ReferenceTable([new ReferencePrompt("a", [1.0, 2], [])]).WithComponentAsync(
                "n",
                RewardModel.FromFunction((_, _) => 0, "zero")
            )
        );
    }

    private static double Steps(double u) =>
        u < .5 ? 0
        : u < .9 ? 1
        : .8;

    private static double J(double n) => (n / (n + 1)) - (Flaw * n / (n + Power));

    private static double Uniform(int prompt, int sample, int position) =>
        new CounterRandom(new DrawSeed(position), $"p{prompt}", sample).Uniform(position);

    private static KeyValuePair<string, ImmutableArray<double?>>[] Component(string name, IEnumerable<double?> values) =>
        [KeyValuePair.Create(name, values.ToImmutableArray())];

    private static ReferenceTable World(
        int prompts,
        int samples,
        long seed,
        double noise = 0,
        Func<double, double>? second = null,
        Func<double, double, bool>? scored = null
    ) =>
        new(
            Enumerable
                .Range(0, prompts)
                .Select(prompt =>
                {
                    CounterRandom[] random =
                    [
                        .. Enumerable.Range(0, samples).Select(k => new CounterRandom(new DrawSeed(seed), $"p{prompt}", k)),
                    ];
                    return new ReferencePrompt(
                        $"p{prompt}",
                        random.Select(of => of.Uniform(0)),
                        [],
                        Component(
                            "truth",
                            random.Select(of =>
                            {
                                double u = of.Uniform(0);
                                return scored?.Invoke(u, of.Uniform(1)) == false
                                    ? (double?)null
                                    : (second?.Invoke(u) ?? u - (Flaw * Math.Pow(u, Power))) + (noise * of.Normal(2));
                            })
                        )
                    );
                })
        );
}
