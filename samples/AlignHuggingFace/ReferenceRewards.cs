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

    /// <summary>Samples of a block that shards draw: with the prompts of a batch, the rows that the model takes at a time.</summary>
    public const int SamplesPerBlock = 16;

    /// <summary>The store's name in the output folder, where no other is given.</summary>
    public const string FileName = "references.db";

    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    /// <summary>How many samples the store does not have yet.</summary>
    /// <exception cref="InvalidOperationException">The store is of another reference, judge or seed;
    /// the message names what differs.</exception>
    public static long Missing(Scorer scorer, IReadOnlyList<Prompt> prompts, Arguments arguments)
    {
        string path = arguments.References;
        if (!File.Exists(path))
            return (long)prompts.Count * arguments.SamplesPerPrompt;
        var anyExecution = new ReferenceStoreOptions { AcceptOtherExecution = true }; // nothing is written
        using var store = ReferenceStore.Open(path, new ReferenceProvenance(scorer.Origin, arguments.Seed), anyExecution);
        return prompts.Sum(prompt => store.Missing(prompt, 0, arguments.SamplesPerPrompt).Sum(range => (long)range.Count));
    }

    /// <summary>Draws what the store does not have yet.</summary>
    public static async Task<ReferenceTable> ObtainAsync(
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        Arguments arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        var table = await ReferenceTable.EstimateAsync(scorer, prompts, Options(arguments, output), cancellationToken);
        output.WriteLine(
            $"reference rewards: {arguments.SamplesPerPrompt} for each of {prompts.Count} prompts, in {arguments.References} (for "
                + $"vbon-inspect, samples/InspectRewards)"
        );
        return table;
    }

    /// <summary>Draws a part of the samples into a store of its own.</summary>
    public static async Task DrawAsync(
        Shard shard,
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        Arguments arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        var part = shard.Cut(Options(arguments, output));
        using var table = await ReferenceTable.EstimateAsync(scorer, prompts, part, cancellationToken);
        output.WriteLine(
            $"shard {shard}: samples {part.FirstSample} to {part.FirstSample + part.SamplesPerPrompt - 1} of each of {prompts.Count} "
                + $"prompts, in {part.Store}. When all {shard.Count} are there: --merge"
        );
    }

    /// <summary>Joins the stores of shards.</summary>
    /// <exception cref="InvalidOperationException">Samples are in none of them: a shard has not ended.</exception>
    public static void Merge(Scorer scorer, IReadOnlyList<Prompt> prompts, Arguments arguments, TextWriter output)
    {
        int rows = Shard.Merge(arguments.References, options: Storage(arguments));
        output.WriteLine($"joined the shards: {rows} rows more in {arguments.References}");
        if (Missing(scorer, prompts, arguments) is > 0 and long missing)
            throw new InvalidOperationException(
                $"{missing} of {(long)prompts.Count * arguments.SamplesPerPrompt} samples are in no shard: one has not ended, or was "
                    + $"drawn with other --samples or --prompts. Run it again with the options of the others, then --merge."
            );
    }

    private static ReferenceTableOptions Options(Arguments arguments, TextWriter output) =>
        new()
        {
            SamplesPerPrompt = arguments.SamplesPerPrompt,
            SamplesPerBlock = arguments.SamplesPerBlock,
            Seed = arguments.Seed,
            PromptsPerBatch = PromptsPerBatch,
            Store = arguments.References,
            Storage = Storage(arguments),
            Progress = new Lines(output),
            Logger = ConsoleLog.Warnings,
        };

    private static ReferenceStoreOptions Storage(Arguments arguments) => new() { AcceptOtherExecution = arguments.AcceptOtherExecution };

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
