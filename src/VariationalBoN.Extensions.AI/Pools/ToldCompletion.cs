using System.Collections.Immutable;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What an answer says of a completion.</summary>
/// <param name="Tokens">The ids that were drawn.</param>
/// <param name="Told">What the server says of them, in their order; llama.cpp's says nothing of those that end within a character.</param>
/// <param name="Prompt">The ids that it read; null where it does not say.</param>
internal sealed record ToldCompletion(ImmutableArray<int> Tokens, ImmutableArray<ToldToken> Told, ImmutableArray<int>? Prompt)
{
    /// <summary>The log-probability of each token; NaN where none is told, or where it is not clear which.</summary>
    /// <remarks>
    /// llama.cpp's server holds back what it says of a token until the characters of the answer are whole, and then says it of the last
    /// token alone. Which tokens those are the text of the ids says here: up to them it ends by U+FFFD. Where as many texts end so as
    /// tokens are untold, it is clear; bytes that are no text can make them more, and then nothing of the answer is used.
    /// </remarks>
    /// <param name="decode">The text of tokens of the completion that follow one another.</param>
    /// <exception cref="FormatException">What is told is of other tokens.</exception>
    public double[] LogProbs(Func<IReadOnlyList<int>, string> decode)
    {
        if (Told.Length == Tokens.Length)
            return Told.Zip(Tokens).All(pair => pair.First.Id is null || pair.First.Id == pair.Second)
                ? [.. Told.Select(token => token.LogProb)]
                : throw new FormatException("its log-probabilities are of other tokens than its token ids");
        if (Told.Length > Tokens.Length || Told.Any(token => token.Id is null) || !IsPartOf())
            throw new FormatException(
                $"it has {Tokens.Length} tokens and {Told.Length} log-probabilities, which do not belong to a part of the tokens; there "
                    + "must be one for each token"
            );
        var told = new List<int>();
        int whole = 0; // tokens up to the end of the last whole character; what comes after does not change their text
        for (int i = 0; i < Tokens.Length; i++)
        {
            if (decode(Tokens[whole..(i + 1)]).EndsWith('\uFFFD'))
                continue;
            told.Add(i);
            whole = i + 1;
        }

        double[] logProbs = new double[Tokens.Length];
        Array.Fill(logProbs, double.NaN);
        if (told.Count == Told.Length && told.Zip(Told).All(pair => Tokens[pair.First] == pair.Second.Id))
        {
            foreach ((int i, ToldToken token) in told.Zip(Told))
                logProbs[i] = token.LogProb;
        }

        return logProbs;
    }

    private bool IsPartOf()
    {
        int next = 0;
        foreach (int token in Tokens)
        {
            if (next < Told.Length && Told[next].Id == token)
                next++;
        }

        return next == Told.Length;
    }
}
