using System.CommandLine;
using System.Globalization;
using SampleHosting;
using SentimentControl.Datasets;

namespace SentimentControl;

/// <summary>Options of this program and of the experiments beside it, each with the check of its value. Stateless.</summary>
internal static class CommandOptions
{
    private const NumberStyles Blanks = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;

    public static Option<string> Dataset() =>
        new Option<string>("--dataset")
        {
            Description = $"Text to work on: {string.Join(" or ", DatasetCatalog.Names)}.",
            DefaultValueFactory = _ => DatasetCatalog.Names[0],
        }.Checked(
            DatasetCatalog.Names.Contains,
            value => $"--dataset is '{value}'; it must be {string.Join(" or ", DatasetCatalog.Names)}"
        );

    public static Option<string> N(string defaults) =>
        new Option<string>("--n")
        {
            Description = $"Comma-separated values of N, the draws that one sample is to be worth [default: {defaults}].",
        }.Checked(
            value => ParseN(value) is not null,
            value => $"--n is '{value}'; it must be different whole numbers from 2 to 1000, such as 2,4,8,16"
        );

    public static Option<int> Threads() =>
        OptionChecks.Number(
            "--threads",
            "Fine-tuning runs at a time, one thread each.",
            Math.Min(2, Environment.ProcessorCount),
            value => value is >= 1 and <= 64,
            "1 to 64"
        );

    /// <summary>Values of N in ascending order; null where the text is none.</summary>
    public static double[]? ParseN(string text) =>
        ParseWhole(text) is { } values && values.All(value => value is >= 2 and <= 1000) ? [.. values] : null;

    /// <summary>Different whole numbers of at least 0 in ascending order; null where the text is something else.</summary>
    public static long[]? ParseWhole(string text)
    {
        var values = new SortedSet<long>();
        foreach (string part in text.Split(','))
        {
            if (!long.TryParse(part, Blanks, CultureInfo.InvariantCulture, out long value) || !values.Add(value))
                return null;
        }

        return [.. values];
    }
}
