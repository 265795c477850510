namespace VariationalBoN.Evaluation;

/// <summary>How often a judge agrees with the labels on some of the pairs. Immutable, thread-safe.</summary>
/// <param name="Name">Which pairs, such as "the chosen answer is longer".</param>
/// <param name="Pairs">How many there are, at least one.</param>
/// <param name="Accuracy">The share on which the judge prefers the chosen answer, ties half, with its error over prompts.</param>
public readonly record struct JudgeAgreement(string Name, int Pairs, Estimate Accuracy);
