namespace AlignHuggingFace;

/// <summary>How much of everything a run has to do.</summary>
/// <param name="ReferenceSamples">Samples that the store does not have yet.</param>
/// <param name="Steps">Training steps that are not done yet.</param>
/// <param name="HeldOutCompletions">Completions that reference and policy are each measured on.</param>
/// <param name="Judges">Judges of the held-out completions.</param>
internal sealed record Work(long ReferenceSamples, long Steps, long HeldOutCompletions, int Judges);
