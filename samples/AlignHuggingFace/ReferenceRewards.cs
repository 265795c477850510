using System.Diagnostics;
using SampleHosting;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>The store of reference rewards. Stateless.</summary>
internal static class ReferenceRewards
{
    /// <summary>Prompts that are drawn for at a time.</summary>
    public const int PromptsPerBatch = 4;

    /// <summary>The store's name in the output folder, where no other is given.</summary>
    public const string FileName = "references.db";

    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    /// <summary>How many samples the store does not have yet.</summary>
    /// <exception cref="InvalidOperationException">The store is of another reference, judge or seed; the message names what differs.</exception>
    public static long Missing(Scorer scorer, IReadOnlyList<Prompt> prompts, Arguments arguments)
    {
        string path = arguments.References;
        if (!File.Exists(path))
            return (long)prompts.Count * arguments.SamplesPerPrompt;
        using var store = ReferenceStore.Open(path, new ReferenceProvenance(scorer.Origin, arguments.Seed));
        return prompts.Sum(prompt => store.Missing(prompt, 0, arguments.SamplesPerPrompt).Sum(range => (long)range.Count));
    }

    /// <summary>Draws what the store does not have yet.</summary>
    public static async Task<ReferenceTable> ObtainAsync(
        Scorer scorer, IReadOnlyList<Prompt> prompts, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        string store = arguments.References;
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = arguments.SamplesPerPrompt,
            Seed = arguments.Seed,
            PromptsPerBatch = PromptsPerBatch,
            Store = store,
            Progress = new Lines(output),
            Logger = ConsoleLog.Warnings,
        };
        var table = await ReferenceTable.EstimateAsync(scorer, prompts, options, cancellationToken);
        output.WriteLine($"reference rewards: {arguments.SamplesPerPrompt} for each of {prompts.Count} prompts, in {store} (for vbon-inspect, samples/InspectRewards)");
        return table;
    }

    /// <summary>What Best-of-N would bring, and all that speaks against these rewards, before anything is trained.</summary>
    public static void Report(ReferenceTable table, double n, TextWriter output)
    {
        foreach (var finding in ReferenceReport.FromTable(table, new ReferenceReportOptions { N = n }).Findings)
            output.WriteLine($"{(finding.IsWarning ? "!" : "-")} {finding.Text}");
    }

    /// <summary>A line every now and then, and one for what was found.</summary>
    private sealed class Lines(TextWriter output) : IProgress<ReferenceTableProgress>
    {
        private long _last = Stopwatch.GetTimestamp();

        public void Report(ReferenceTableProgress value)
        {
            if (Stopwatch.GetElapsedTime(_last) < s_betweenLines && !(value.SamplesFound > 0 && value.SamplesDone == value.SamplesFound))
                return;
            _last = Stopwatch.GetTimestamp();
            output.WriteLine($"reference rewards: {value}");
        }
    }
}
