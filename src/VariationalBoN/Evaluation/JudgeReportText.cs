using System.Globalization;
using System.Text;

namespace VariationalBoN.Evaluation;

/// <summary>A judge's report as plain text. Stateless, thread-safe.</summary>
internal static class JudgeReportText
{
    private const int BarWidth = 40;

    public static string Plain(JudgeReport report)
    {
        var text = new StringBuilder();
        Row("pairs", Shown(report.Pairs));
        if (report.Excluded > 0)
            Row("left out", $"{Shown(report.Excluded)} pair{(report.Excluded == 1 ? "" : "s")} with an answer without a reward");
        Row("accuracy", $"{report.Accuracy}");
        Row("accuracy of \"the longer one\"", $"{report.LengthAccuracy}");
        Row(
            "ties",
            report.AccuracyWithoutTies is Estimate rest && report.Ties > 0
                ? $"{Shown(report.Ties)}; accuracy without them {rest}"
                : Shown(report.Ties)
        );
        Row("-log sigmoid(r_c - r_r), nats", $"{report.LogLoss} (a coin: 0.693)");
        Row(
            "expected calibration error",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{report.CalibrationError:0.000} ({report.CalibrationErrorInterval}; chance alone makes "
                    + $"{report.CalibrationErrorByChance:0.000})"
            )
        );
        text.Append('\n');
        foreach (JudgeAgreement part in report.ByLength.Concat(report.ByPosition))
            Row(part.Name, string.Create(CultureInfo.InvariantCulture, $"{part.Accuracy} of {part.Pairs}"));
        text.Append("\nreliability: predicted probability, observed share (bar), and | where a calibrated judge's bar would end\n");
        foreach (CalibrationBin bin in report.Calibration.Where(bin => bin.Pairs > 0))
            text.Append(Bar(bin));
        return text.ToString().TrimEnd('\n');

        void Row(string name, string value) => text.Append(name.PadRight(36)).Append(value).Append('\n');
    }

    /// <summary>0 to 1 as a bar, with a mark at the predicted share.</summary>
    private static string Bar(CalibrationBin bin)
    {
        char[] bar = new string(' ', BarWidth + 1).ToCharArray();
        bar.AsSpan(0, (int)Math.Round(bin.Observed * BarWidth)).Fill('#');
        bar[(int)Math.Round(bin.Predicted * BarWidth)] = '|';
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{bin.Lower:0.00} to {bin.Upper:0.00}  {new string(bar)}  predicted {bin.Predicted:0.000}, observed {bin.Observed:0.000} "
                + $"({bin.Interval}) of {bin.Pairs}\n"
        );
    }

    private static string Shown(int count) => count.ToString(CultureInfo.InvariantCulture);
}
