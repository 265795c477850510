using System.Collections.Immutable;

namespace VariationalBoN.Policies;

/// <summary>A prompt as the model reads it. Immutable; thread-safe.</summary>
/// <param name="Prompt">The prompt x.</param>
/// <param name="Tokens">Its ids, special tokens included.</param>
/// <param name="Decode">From the ids of a completion to its text.</param>
internal readonly record struct EncodedPrompt(Prompt Prompt, ImmutableArray<int> Tokens, Func<IReadOnlyList<int>, string> Decode);
