using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Guidance;

/// <summary>An answer as far as it has been drawn.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Tokens">The tokens so far, none at its start. Valid during the call that it is given to.</param>
[Experimental(ExperimentalIds.Guidance)]
public readonly record struct AnswerPrefix(Prompt Prompt, IReadOnlyList<int> Tokens);
