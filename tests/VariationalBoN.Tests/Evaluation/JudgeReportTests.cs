using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class JudgeReportTests
{
    private static readonly BootstrapOptions s_quick = new() { Resamples = 100 };

    [Fact]
    public void Agreement_is_counted_whole_and_by_length_position_and_ties()
    {
        PreferencePair[] pairs =
        [
            Pair("p", "long one", "short") with
            {
                ChosenFirst = true,
            },
            Pair("p", "short", "long one") with
            {
                ChosenFirst = false,
            },
            Pair("q", "equal", "alike") with
            {
                ChosenFirst = true,
            },
            Pair("r", "long one", "short"),
            Pair("s", "long one", "short"),
            Pair("t", "short", "long one"),
        ];
        double[] chosen = [2, 0, 1, 1, 0, 3],
            rejected = [1, 1, 1.001, 0, 0, 1];
        var report = JudgeReport.Of(pairs, chosen, rejected, tieTolerance: 0.01);
        double[] agreed = [1, 0, 0.5, 1, 0.5, 1];

        Assert.Equal(Estimate.FromClusters(agreed, [0, 0, 1, 2, 3, 4]), report.Accuracy);
        Assert.Equal((6, 2), (report.Pairs, report.Ties));
        Assert.Equal(3.0 / 4, report.AccuracyWithoutTies!.Value.Value, 15);
        Assert.Equal(3.5 / 6, report.LengthAccuracy.Value, 15);
        Assert.Equal(
            [("the chosen answer is longer", 3, 2.5 / 3), ("both are as long", 1, 0.5), ("the chosen answer is shorter", 2, 0.5)],
            report.ByLength.Take(3).Select(Cells)
        );
        Assert.Equal([2, 2, 2], report.ByLength.Skip(3).Select(part => part.Pairs));
        Assert.Equal(
            [("the chosen answer was shown first", 2, 0.75), ("the chosen answer was shown second", 1, 0.0)],
            report.ByPosition.Select(Cells)
        );
        double[] differences = [1, -1, 0, 1, 0, 2];
        Assert.Equal(differences.Average(d => Math.Log(1 + Math.Exp(-d))), report.LogLoss.Value, 14);
        Assert.Contains("accuracy", report.ToString(), StringComparison.Ordinal);

        static (string, int, double) Cells(JudgeAgreement part) => (part.Name, part.Pairs, part.Accuracy.Value);
    }

    [Fact]
    public void The_calibration_error_is_the_weighted_gap_of_the_bars()
    {
        double[] differences = [0, 0.3, -0.3, 1, 1.1, -1.05, 3, 4, -5, 6];
        var report = Of(differences, s_quick);
        double[] sure = [.. differences.Select(d => 1 / (1 + Math.Exp(-Math.Abs(d))))];
        double expected = 0;
        for (int bin = 0; bin < 10; bin++)
        {
            int[] members = [.. Enumerable.Range(0, 10).Where(i => (int)((sure[i] - 0.5) * 20) == bin)];
            double predicted = members.Sum(i => sure[i]),
                observed = members.Sum(i =>
                    differences[i] > 0 ? 1
                    : differences[i] < 0 ? 0
                    : 0.5
                );
            expected += Math.Abs(observed - predicted) / 10;
            Assert.Equal(members.Length, report.Calibration[bin].Pairs);
            Assert.Equal(
                members.Length == 0 ? new Interval(0, 1) : WilsonInterval.Of(observed, members.Length, 0.95),
                report.Calibration[bin].Interval
            );
            if (members.Length > 0)
                Assert.Equal(
                    (predicted / members.Length, observed / members.Length),
                    (report.Calibration[bin].Predicted, report.Calibration[bin].Observed)
                );
        }

        Assert.Equal(expected, report.CalibrationError, 14);
        Assert.Equal((0.5, 1.0), (report.Calibration[0].Lower, report.Calibration[9].Upper));
    }

    [Theory]
    [InlineData(1.0, 200)] // a judge whose probabilities are the truth
    [InlineData(1.0, 500)]
    [InlineData(2.0, 200)] // rewards twice as far apart as they should be
    [InlineData(0.4, 400)]
    public void The_interval_of_the_calibration_error_holds_the_truth_about_as_often_as_it_says(double scale, int pairs)
    {
        double[] atoms = [.. Enumerable.Range(0, 40).Select(i => 0.05 + (i * 0.1))]; // differences by the truth, each as likely
        double truth = TrueError(atoms, scale);
        const int Worlds = 60;
        int held = 0;
        double bias = 0,
            byChance = 0;
        for (int world = 0; world < Worlds; world++)
        {
            var random = new CounterRandom(new DrawSeed(world), "world", 0);
            double[] differences =
            [
                .. Enumerable
                    .Range(0, pairs)
                    .Select(i =>
                    {
                        double d = atoms[(int)(random.Uniform(2 * i) * atoms.Length)];
                        return random.Uniform((2 * i) + 1) < 1 / (1 + Math.Exp(-d)) ? scale * d : -scale * d;
                    }),
            ];
            var report = Of(differences, s_quick);
            held += report.CalibrationErrorInterval.Contains(truth) ? 1 : 0;
            bias += (report.CalibrationError - truth) / Worlds;
            byChance += report.CalibrationErrorByChance / Worlds;
        }

        // 95 % asked for; 0.83 is 4 deviations of a binomial below
        Assert.True(held >= 0.83 * Worlds, $"{held} of {Worlds} intervals hold {truth}");
        if (scale == 1)
            Assert.Equal(bias, byChance, 0.2 * byChance); // all of a calibrated judge's error is chance, and it is told
        else
            Assert.InRange(bias, -0.25 * byChance, byChance);
    }

    [Fact]
    public void Pairs_of_one_prompt_are_one_observation()
    {
        PreferencePair[] alone = [.. Enumerable.Range(0, 400).Select(i => Pair($"{i}", "a", "b"))],
            together = [.. alone.Select((pair, i) => pair with { Prompt = $"{i / 20}" })];
        double[] chosen = [.. Enumerable.Range(0, 400).Select(i => i / 20 % 5 == 0 ? -1.5 : 1.5)],
            rejected = new double[400]; // right or wrong by prompt
        JudgeReport one = JudgeReport.Of(alone, chosen, rejected, bootstrap: s_quick),
            other = JudgeReport.Of(together, chosen, rejected, bootstrap: s_quick);

        Assert.Equal(one.Accuracy.Value, other.Accuracy.Value);
        Assert.InRange(other.Accuracy.StandardError / one.Accuracy.StandardError, 4, 5); // sqrt(20), about
        Assert.Equal(0.8, one.Accuracy.Value, 14);
        Assert.True(Width(other) > 2 * Width(one));
    }

    [Fact]
    public async Task A_judge_is_given_both_answers_of_each_pair()
    {
        PreferencePair[] pairs = [.. Enumerable.Range(0, 700).Select(i => Pair($"p{i}", $"{i % 7}", "3"))];
        var judge = RewardModel.FromFunction(
            (prompt, text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture),
            "number"
        );
        var report = await JudgeReport.EvaluateAsync(judge, pairs, bootstrap: s_quick);

        Assert.Equal((0.5, 100), (report.Accuracy.Value, report.Ties));
        await Assert.ThrowsAsync<RewardModelException>(() =>
            JudgeReport.EvaluateAsync(RewardModel.FromFunction((_, _) => double.NaN, "none"), pairs)
        );
        await Assert.ThrowsAsync<RewardModelException>(() =>
            JudgeReport.EvaluateAsync(RewardModel.FromBatch((_, _) => Task.FromResult<RewardScores>([1]), "one"), pairs)
        );
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => JudgeReport.EvaluateAsync(judge, pairs, cancellationToken: stop.Token));
    }

    [Fact]
    public async Task A_judge_is_asked_in_batches_that_it_takes_and_pairs_without_a_reward_are_counted()
    {
        PreferencePair[] pairs = [Pair("p", "2", "1"), Pair("q", "x", "1"), Pair("r", "1", "2"), Pair("s", "3", "1")];
        var judge = new SmallJudge();
        var report = await JudgeReport.EvaluateAsync(
            judge,
            pairs,
            bootstrap: s_quick,
            scoring: new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );

        Assert.Equal((3, 1, 2), (report.Pairs, report.Excluded, judge.Largest));
        Assert.Equal(2.0 / 3, report.Accuracy.Value, 14);
        Assert.Contains("1 pair with an answer without a reward", report.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<RewardModelException>(() =>
            JudgeReport.EvaluateAsync(judge, [pairs[1]], scoring: new ScoringOptions { OnFailure = RewardFailure.Exclude })
        );
    }

    private sealed class SmallJudge : IRewardModel
    {
        public ModelIdentity Identity => "small";

        public int MaxBatchSize => 2;

        public int Largest { get; private set; }

        public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            Largest = Math.Max(Largest, completions.Count);
            return Task.FromResult<RewardScores>(
                completions
                    .Select(of => of.Text == "x" ? double.NaN : double.Parse(of.Text, System.Globalization.CultureInfo.InvariantCulture))
                    .ToArray()
            );
        }
    }

    [Fact]
    public void Bad_input_is_named()
    {
        PreferencePair[] pairs = [Pair("p", "a", "b")];
        Assert.Throws<ArgumentException>("pairs", () => JudgeReport.Of([], [], []));
        Assert.Throws<ArgumentException>("pairs", () => JudgeReport.Of(pairs, [1, 2], [1]));
        Assert.Contains(
            "pair 0",
            Assert.Throws<ArgumentException>("chosen", () => JudgeReport.Of(pairs, [double.NaN], [1])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>("tieTolerance", () => JudgeReport.Of(pairs, [1], [1], -1));
        Assert.Throws<ArgumentException>(() => JudgeReport.Of(pairs, [1], [1], 0, new BootstrapOptions { Resamples = 1 }));
        // one prompt says nothing of others
        Assert.Equal(new Interval(0, 1), JudgeReport.Of(pairs, [1], [0], 0, s_quick).CalibrationErrorInterval);
    }

    private static double Width(JudgeReport report) => report.CalibrationErrorInterval.Upper - report.CalibrationErrorInterval.Lower;

    /// <summary>The error over all pairs there are, by the bars of the report.</summary>
    private static double TrueError(double[] atoms, double scale) =>
        atoms
            .Select(d => (Sure: Sigmoid(scale * d), Right: Sigmoid(d)))
            .GroupBy(atom => Math.Min(9, (int)((atom.Sure - 0.5) * 20)))
            .Sum(bin => Math.Abs(bin.Sum(atom => atom.Right - atom.Sure))) / atoms.Length;

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static JudgeReport Of(double[] differences, BootstrapOptions options) =>
        JudgeReport.Of(
            [.. differences.Select((_, i) => Pair($"{i}", "a", "b"))],
            differences,
            new double[differences.Length],
            bootstrap: options
        );

    private static PreferencePair Pair(string prompt, string chosen, string rejected) =>
        new()
        {
            Prompt = prompt,
            Chosen = chosen,
            Rejected = rejected,
        };
}
