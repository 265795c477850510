using System.Diagnostics;
using VariationalBoN;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>The store of reference rewards in the output folder. Stateless.</summary>
internal static class ReferenceRewards
{
    private const string FileName = "references.db";
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    /// <summary>Draws what the store does not have yet; one of another reference, judge or seed is refused.</summary>
    public static async Task<ReferenceTable> ObtainAsync(Scorer scorer, IReadOnlyList<Prompt> prompts, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        string store = Path.Combine(arguments.Output, FileName);
        var options = new ReferenceTableOptions { SamplesPerPrompt = arguments.SamplesPerPrompt, Seed = arguments.Seed, PromptsPerBatch = 4, Store = store, Progress = new Lines(output) };
        var table = await ReferenceTable.EstimateAsync(scorer, prompts, options, cancellationToken);
        output.WriteLine($"reference rewards: {arguments.SamplesPerPrompt} for each of {prompts.Count} prompts, in {store} (for samples/InspectRewards)");
        return table;
    }

    /// <summary>A line every now and then, and one for what was found.</summary>
    private sealed class Lines(TextWriter output) : IProgress<ReferenceTableProgress>
    {
        private long _last = Stopwatch.GetTimestamp();

        public void Report(ReferenceTableProgress value)
        {
            if (Stopwatch.GetElapsedTime(_last) < BetweenLines && !(value.SamplesFound > 0 && value.SamplesDone == value.SamplesFound))
                return;
            _last = Stopwatch.GetTimestamp();
            output.WriteLine($"reference rewards: {value}");
        }
    }
}
