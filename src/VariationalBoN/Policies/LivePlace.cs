namespace VariationalBoN.Policies;

/// <summary>What requests that begin alike have in common.</summary>
internal readonly record struct LivePlace(EncodedPrompt Prompt, NextTokenDistribution Distribution)
{
    internal static LivePlace Of(LiveRow row) => new(row.Request.Prompt, row.Request.Policy.Distribution);

    public bool Equals(LivePlace other) =>
        Distribution.Settings == other.Distribution.Settings
        && (Prompt == other.Prompt || Prompt.Tokens.AsSpan().SequenceEqual(other.Prompt.Tokens.AsSpan()));

    public override int GetHashCode() => HashCode.Combine(Prompt.Tokens.Length, Prompt.Tokens[^1], Distribution.Settings);
}
