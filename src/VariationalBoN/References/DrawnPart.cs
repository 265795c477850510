namespace VariationalBoN.References;

/// <summary>Completions of one call that follow each other in the order of prompts and samples:
/// of some prompts the same range of samples each.</summary>
/// <param name="FirstPrompt">Index of the first prompt in the call.</param>
/// <param name="Prompts">How many prompts.</param>
/// <param name="FirstSample">Index of the first sample of each in the call.</param>
/// <param name="Samples">How many of each.</param>
/// <param name="Completions">Prompts * Samples completions, prompt by prompt.</param>
internal sealed record DrawnPart(int FirstPrompt, int Prompts, int FirstSample, int Samples, IReadOnlyList<Completion> Completions)
{
    /// <summary>A part for each prompt.</summary>
    internal IEnumerable<DrawnPart> ByPrompt() =>
        Completions.Chunk(Samples).Select((completions, p) => new DrawnPart(FirstPrompt + p, 1, FirstSample, Samples, completions));

    /// <summary>The index in the call of each one's prompt.</summary>
    internal int[] Groups => [.. Enumerable.Range(0, Completions.Count).Select(i => FirstPrompt + (i / Samples))];
}
