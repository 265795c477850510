namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>What the thread that draws hands on: a token, or a completion that was drawn as a whole.</summary>
/// <param name="Token">The token, where <paramref name="Whole"/> is null.</param>
/// <param name="Finish">Why the completion ends; null where it goes on.</param>
/// <param name="Whole">The completion.</param>
internal readonly record struct Drawn(int Token, FinishReason? Finish, Completion? Whole = null);
