using System.Globalization;
using Spectre.Console;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;

namespace AlignHuggingFace;

/// <summary>Held-out numbers of the reference and of what came of it, beside those of Best-of-N. Stateless.</summary>
internal static class HeldOutTable
{
    /// <summary>The table of a run.</summary>
    /// <param name="before">The reference.</param>
    /// <param name="after">The trained policy.</param>
    /// <param name="verdict">Whether that is aligned.</param>
    /// <param name="guided">The guided reference; null where it was not asked for.</param>
    /// <param name="n">N.</param>
    public static Table Of(EvaluationReport before, EvaluationReport after, Verdict verdict, EvaluationReport? guided, double n)
    {
        string[] columns =
        [
            "held-out",
            "reference",
            verdict.Aligned ? "aligned" : "trained",
            .. guided is null ? [] : (string[])["guided"],
            string.Create(CultureInfo.InvariantCulture, $"Best-of-{n} (continuous rewards)"),
        ];
        var table = new Table().AddColumns(columns);
        Add("reward", report => report.Reward, null);
        Add("win rate", report => report.WinRate, n / (n + 1));
        if (before.LengthControlled is not null)
            table.AddRow(["win rate at equal length", Equal(before), Equal(after), .. guided is null ? [] : (string[])[Equal(guided)], ""]);

        Add("KL to the reference, nats", report => report.Kl, BestOfNMath.KlUpperBound(n));
        Add("length, tokens", report => report.Length, null);
        Add("different texts", report => report.DistinctShare, null);
        Add("cut at --max-new-tokens", report => report.TruncatedShare, null);
        return table;

        void Add(string name, Func<EvaluationReport, Estimate> number, double? bestOfN) =>
            table.AddRow([
                name,
                $"{number(before)}",
                $"{number(after)}",
                .. guided is null ? [] : (string[])[$"{number(guided)}"],
                bestOfN is double value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.000}") : "",
            ]);
    }

    private static string Equal(EvaluationReport report) =>
        report.LengthControlled is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"{rate.Controlled:0.000} ({rate.Interval})")
            : "";
}
