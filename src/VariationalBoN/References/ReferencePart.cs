namespace VariationalBoN.References;

/// <summary>Draws some samples of each prompt, the first of them by the seed, and gives them part by part.</summary>
internal delegate IAsyncEnumerable<ReferencePart> ReferenceDraw(
    Prompt[] prompts,
    int count,
    DrawSeed seed,
    CancellationToken cancellationToken
);

/// <summary>Samples of some prompts that were drawn.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="First">Index of the first sample of each, as in a store.</param>
/// <param name="Samples">How many of each.</param>
/// <param name="ScoreAsync">Scores them: an entry for each prompt, in order.</param>
internal readonly record struct ReferencePart(
    Prompt[] Prompts,
    int First,
    int Samples,
    Func<Task<IReadOnlyList<ReferencePrompt>>> ScoreAsync
);
