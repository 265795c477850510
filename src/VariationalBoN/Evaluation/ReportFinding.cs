namespace VariationalBoN.Evaluation;

/// <summary>A finding of a report: one sentence, and whether it is a warning. Immutable, thread-safe.</summary>
/// <param name="IsWarning">Whether something should be looked at before the numbers are used.</param>
/// <param name="Text">The sentence: what was found, what it means, what to do.</param>
public readonly record struct ReportFinding(bool IsWarning, string Text);
