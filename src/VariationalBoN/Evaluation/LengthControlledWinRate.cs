using System.Globalization;
using MathNet.Numerics.Distributions;

namespace VariationalBoN.Evaluation;

/// <summary>
/// The win rate between answers of equal length, by logistic regression: what remains of a win rate without the effect of length.
/// </summary>
/// <remarks>
/// Logistic regression P(win) = sigma(a + b tanh(d / s)), d the difference of the two lengths and s its standard deviation; the win rate
/// at equal length is sigma(a). Interval: a plus
/// or minus Student's t times its error, the larger of that over prompts (sandwich) and the regression's own (where one side wins nearly
/// all, hardly a residual is left to show the first). A normal prior with standard deviation 5 on a and b keeps both finite
/// where one side always wins. Source: the
/// length term of length-controlled AlpacaEval (Dubois et al., arXiv 2404.04475), whose term for the difficulty of instructions is the
/// clustering by
/// prompts here. It corrects for length only as far as the regression describes it;
/// an answer that is better because it says more loses by it. Immutable, thread-safe.
/// </remarks>
public sealed record LengthControlledWinRate
{
    private const double PriorVariance = 25,
        Tolerance = 1e-12;
    private const int MaxIterations = 200;

    /// <summary>The share of comparisons won, ties counted half: without regard to length.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>sigma(a), the win rate at equal length; 0 to 1.</summary>
    public required double Controlled { get; init; }

    /// <summary>The interval of <see cref="Controlled"/> over prompts; 0 to 1 for a single prompt.</summary>
    public required Interval Interval { get; init; }

    /// <summary>The confidence of <see cref="Interval"/>.</summary>
    public required double Confidence { get; init; }

    /// <summary>b, the log-odds that much more length adds; 0 where length does not matter, positive where longer answers win.</summary>
    public required double LengthEffect { get; init; }

    /// <summary>s, the standard deviation of the differences of lengths, in their unit.</summary>
    public required double LengthScale { get; init; }

    /// <summary>How many comparisons there are.</summary>
    public required int Comparisons { get; init; }

    /// <summary>Fits the regression.</summary>
    /// <param name="wins">For each comparison 1 if won, 0 if lost, 0.5 for a tie; or a probability between.</param>
    /// <param name="lengthDifferences">The length of the own answer minus that of the other, in one unit; finite.</param>
    /// <param name="prompts">The prompt of each comparison, as a label.</param>
    /// <param name="confidence">The confidence of the interval, above 0 and below 1.</param>
    /// <returns>The win rates.</returns>
    /// <exception cref="ArgumentException">
    /// There is no comparison, lengths of the lists differ, a value is out of range,
    /// or all differences are one number other than 0, so that nothing tells length from quality.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="confidence"/> is out of range or NaN.</exception>
    public static LengthControlledWinRate Of(
        IReadOnlyList<double> wins,
        IReadOnlyList<double> lengthDifferences,
        IReadOnlyList<int> prompts,
        double confidence = 0.95
    )
    {
        ArgumentNullException.ThrowIfNull(wins);
        ArgumentNullException.ThrowIfNull(lengthDifferences);
        ArgumentNullException.ThrowIfNull(prompts);
        double[] won = [.. wins],
            x = [.. lengthDifferences];
        int[] owners = [.. prompts];
        double scale = Check(won, x, owners, confidence);
        for (int i = 0; i < x.Length; i++)
            x[i] = scale == 0 ? 0 : Math.Tanh(x[i] / scale);
        (double a, double b) = Fit(won, x);
        double error = Error(won, x, owners, a, b);
        int clusters = owners.Distinct().Count();
        double width = clusters == 1 ? double.PositiveInfinity : StudentT.InvCDF(0, 1, clusters - 1, (1 + confidence) / 2) * error;
        return new LengthControlledWinRate
        {
            WinRate = PromptMean.Of(won, owners),
            Controlled = Sigmoid(a),
            Interval = new Interval(Sigmoid(a - width), Sigmoid(a + width)),
            Confidence = confidence,
            LengthEffect = b,
            LengthScale = scale,
            Comparisons = won.Length,
        };
    }

    /// <summary>The win rate at equal length as text, such as "0.612 (95 % interval 0.548 to 0.672)".</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Controlled:0.000} ({100 * Confidence:0.#} % interval {Interval})");

    private static double Check(double[] wins, double[] differences, int[] prompts, double confidence)
    {
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(
                nameof(confidence),
                confidence,
                "The confidence must be above 0 and below 1, such as 0.95."
            );
        if (wins.Length == 0 || differences.Length != wins.Length || prompts.Length != wins.Length)
            throw new ArgumentException(
                $"There are {wins.Length} wins, {differences.Length} differences of lengths and {prompts.Length} prompts; give at least "
                    + $"one comparison, and one of each to it.",
                nameof(wins)
            );
        if (Array.FindIndex(wins, win => !(win >= 0 && win <= 1)) is >= 0 and var bad)
            throw new ArgumentException(
                FormattableString.Invariant($"wins[{bad}] is {wins[bad]}; it must be 0 to 1, and 0.5 for a tie."),
                nameof(wins)
            );
        if (Array.FindIndex(differences, value => !double.IsFinite(value)) is >= 0 and var odd)
            throw new ArgumentException(
                FormattableString.Invariant($"lengthDifferences[{odd}] is {differences[odd]}; it must be finite."),
                nameof(differences)
            );
        if (differences[0] != 0 && Array.TrueForAll(differences, value => value == differences[0]))
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Each difference of lengths is {differences[0]}, so that nothing tells length from quality; compare answers of more "
                        + $"lengths."
                ),
                nameof(differences)
            );
        double mean = differences.Average();
        return Math.Sqrt(differences.Average(value => (value - mean) * (value - mean)));
    }

    /// <summary>Newton's method; the posterior is concave, and a step that lowers it is halved.</summary>
    private static (double A, double B) Fit(double[] won, double[] x)
    {
        double a = 0,
            b = 0,
            at = Posterior(won, x, a, b);
        for (int iteration = 0; iteration < MaxIterations; iteration++)
        {
            double ga = -a / PriorVariance,
                gb = -b / PriorVariance;
            for (int i = 0; i < x.Length; i++)
            {
                double residual = won[i] - Sigmoid(a + (b * x[i]));
                (ga, gb) = (ga + residual, gb + (residual * x[i]));
            }

            (double haa, double hab, double hbb) = Information(x, a, b);
            double determinant = (haa * hbb) - (hab * hab),
                da = ((hbb * ga) - (hab * gb)) / determinant,
                db = ((haa * gb) - (hab * ga)) / determinant;
            double next = Posterior(won, x, a + da, b + db);
            for (int halving = 0; next < at && halving < 60; halving++)
                (da, db, next) = (da / 2, db / 2, Posterior(won, x, a + (da / 2), b + (db / 2)));
            if (next < at)
                break;
            (a, b, at) = (a + da, b + db, next);
            if (Math.Abs(da) + Math.Abs(db) < Tolerance)
                break;
        }

        return (a, b);
    }

    private static double Posterior(double[] won, double[] x, double a, double b)
    {
        double sum = -((a * a) + (b * b)) / (2 * PriorVariance);
        for (int i = 0; i < x.Length; i++)
        {
            double odds = a + (b * x[i]);
            sum += (won[i] * odds) - (odds > 0 ? odds + Math.Log(1 + Math.Exp(-odds)) : Math.Log(1 + Math.Exp(odds)));
        }

        return sum;
    }

    private static (double Aa, double Ab, double Bb) Information(double[] x, double a, double b)
    {
        double aa = 1 / PriorVariance,
            ab = 0,
            bb = 1 / PriorVariance;
        foreach (double value in x)
        {
            double p = Sigmoid(a + (b * value)),
                weight = p * (1 - p);
            (aa, ab, bb) = (aa + weight, ab + (weight * value), bb + (weight * value * value));
        }

        return (aa, ab, bb);
    }

    /// <summary>The standard error of a: H^-1 S H^-1, S the squares of each prompt's sum of scores, or H^-1 where that is larger.</summary>
    private static double Error(double[] won, double[] x, int[] prompts, double a, double b)
    {
        var scores = new Dictionary<int, (double A, double B)>();
        for (int i = 0; i < x.Length; i++)
        {
            double residual = won[i] - Sigmoid(a + (b * x[i]));
            (double A, double B) sum = scores.GetValueOrDefault(prompts[i]);
            scores[prompts[i]] = (sum.A + residual, sum.B + (residual * x[i]));
        }

        (double haa, double hab, double hbb) = Information(x, a, b);
        double determinant = (haa * hbb) - (hab * hab);
        double squares = scores.Values.Sum(score => Math.Pow(((hbb * score.A) - (hab * score.B)) / determinant, 2));
        return Math.Sqrt(Math.Max(squares * scores.Count / Math.Max(1, scores.Count - 1), hbb / determinant));
    }

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
}
