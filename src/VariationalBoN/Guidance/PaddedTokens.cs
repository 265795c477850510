namespace VariationalBoN.Guidance;

/// <summary>Completions as rows of one length, padded on the right with 0: what a value network reads of tokens. Stateless.</summary>
internal static class PaddedTokens
{
    /// <summary>The tokens, and before each the one that it follows, of which the first is the last of the prompt: both [rows, length], row
    /// by row.</summary>
    public static (long[] Tokens, long[] Previous) Of(IReadOnlyList<Completion> rows, int length)
    {
        long[] tokens = new long[rows.Count * length],
            previous = new long[rows.Count * length];
        for (int row = 0; row < rows.Count; row++)
        {
            Completion completion = rows[row];
            for (int t = 0; t < completion.Tokens.Length; t++)
                (tokens[(row * length) + t], previous[(row * length) + t]) = (
                    completion.Tokens[t],
                    t == 0 ? completion.PromptTokens[^1] : completion.Tokens[t - 1]
                );
        }

        return (tokens, previous);
    }
}
