using VariationalBoN.Numerics;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>The rewards of pairs, and what a report says of them. Immutable, thread-safe.</summary>
internal sealed class JudgeComparison
{
    private readonly PreferencePair[] _pairs;
    private readonly double[] _differences,
        _agreed;
    private readonly int[] _prompts,
        _all;

    internal JudgeComparison(PreferencePair[] pairs, double[] chosen, double[] rejected, double tieTolerance)
    {
        _pairs = pairs;
        _differences = [.. chosen.Zip(rejected, (better, worse) => Math.Abs(better - worse) <= tieTolerance ? 0 : better - worse)];
        _agreed =
        [
            .. _differences.Select(difference =>
                difference > 0 ? 1
                : difference < 0 ? 0
                : 0.5
            ),
        ];
        var numbers = new Dictionary<Prompt, int>();
        _prompts = new int[pairs.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            if (!numbers.TryGetValue(pairs[i].Prompt, out _prompts[i]))
                numbers[pairs[i].Prompt] = _prompts[i] = numbers.Count;
        }

        _all = [.. Enumerable.Range(0, pairs.Length)];
    }

    internal JudgeReport Report(BootstrapOptions options)
    {
        double[] sure = [.. _differences.Select(difference => 1 / (1 + Math.Exp(-Math.Abs(difference))))];
        double error = JudgeCalibration.Error(sure, _agreed);
        double[] byChance = JudgeCalibration.OfCalibrated(sure, _agreed, options);
        int[] decided = [.. _all.Where(i => _differences[i] != 0)];
        return new JudgeReport
        {
            Pairs = _pairs.Length,
            Accuracy = Mean(_all, i => _agreed[i]),
            Ties = _pairs.Length - decided.Length,
            AccuracyWithoutTies = decided.Length == 0 ? null : Mean(decided, i => _agreed[i]),
            LogLoss = Mean(_all, i => Softplus(-_differences[i])),
            Calibration = JudgeCalibration.Bins(sure, _agreed),
            CalibrationError = error,
            CalibrationErrorInterval = JudgeCalibration.ErrorInterval(error, sure, _agreed, _prompts, byChance, options),
            CalibrationErrorByChance = byChance.Average(),
            ByLength = [.. ByLength()],
            ByPosition =
            [
                .. Some("the chosen answer was shown first", i => _pairs[i].ChosenFirst == true),
                .. Some("the chosen answer was shown second", i => _pairs[i].ChosenFirst == false),
            ],
            LengthAccuracy = Mean(_all, i => PreferenceDataReport.LongerIsChosen(_pairs[i])),
        };
    }

    private IEnumerable<JudgeAgreement> ByLength()
    {
        int[] order = [.. _all.OrderBy(i => _pairs[i].Chosen.Length + _pairs[i].Rejected.Length)];
        int third = order.Length / 3;
        return
        [
            .. Some("the chosen answer is longer", i => _pairs[i].Chosen.Length > _pairs[i].Rejected.Length),
            .. Some("both are as long", i => _pairs[i].Chosen.Length == _pairs[i].Rejected.Length),
            .. Some("the chosen answer is shorter", i => _pairs[i].Chosen.Length < _pairs[i].Rejected.Length),
            .. third == 0
                ? (JudgeAgreement[])[]
                :
                [
                    Agreement("the shortest third of the pairs", order[..third]),
                    Agreement("the middle third", order[third..^third]),
                    Agreement("the longest third", order[^third..]),
                ],
        ];
    }

    private JudgeAgreement[] Some(string name, Func<int, bool> which)
    {
        int[] members = [.. _all.Where(which)];
        return members.Length == 0 ? [] : [Agreement(name, members)];
    }

    private JudgeAgreement Agreement(string name, int[] members) => new(name, members.Length, Mean(members, i => _agreed[i]));

    private Estimate Mean(int[] members, Func<int, double> value) =>
        Estimate.FromClusters([.. members.Select(value)], [.. members.Select(i => _prompts[i])]);

    /// <summary>log(1 + exp(x)).</summary>
    private static double Softplus(double x) => Math.Max(x, 0) + LogMath.Log1p(Math.Exp(-Math.Abs(x)));
}
