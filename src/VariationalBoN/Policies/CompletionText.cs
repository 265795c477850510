namespace VariationalBoN.Policies;

/// <summary>How the text of a completion comes from that of prompt and completion together. Stateless, thread-safe.</summary>
internal static class CompletionText
{
    /// <summary>
    /// Part of the identity of policies and stores, since a judge of other texts gives other rewards.
    /// In version 1 a completion was decoded without its prompt.
    /// </summary>
    public const string Version = "2";

    /// <summary>A text without the beginning that it has in common with another, in whole characters.</summary>
    /// <param name="before">The text of the prompt.</param>
    /// <param name="whole">The text of prompt and completion.</param>
    public static string After(string before, string whole)
    {
        int common = before.AsSpan().CommonPrefixLength(whole);
        if (common > 0 && common < whole.Length && char.IsHighSurrogate(whole[common - 1]))
            common--; // two characters may share their first half
        return whole[common..];
    }
}
