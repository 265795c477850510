namespace VariationalBoN.Policies;

/// <summary>What requests that begin alike have in common: the tokens of the prompt and the settings that tell the next token.</summary>
/// <remarks>Equality is by those, not by object, which is why the type exists: equal requests share a place, and their prompt is read once.
/// </remarks>
internal readonly record struct LivePlace(EncodedPrompt Prompt, NextTokenDistribution Distribution)
{
    internal static LivePlace Of(LiveRow row) => new(row.Request.Prompt, row.Request.Policy.Distribution);

    public bool Equals(LivePlace other) =>
        Distribution.Settings == other.Distribution.Settings
        && (Prompt == other.Prompt || Prompt.Tokens.AsSpan().SequenceEqual(other.Prompt.Tokens.AsSpan()));

    public override int GetHashCode() => HashCode.Combine(Prompt.Tokens.Length, Prompt.Tokens[^1], Distribution.Settings);
}
