namespace VariationalBoN.Policies;

/// <summary>Sequences of a fixed length over a small vocabulary:
/// how contexts and whole sequences are numbered. Immutable, thread-safe.</summary>
/// <remarks>
/// The context after t tokens has index (V^t - 1) / (V - 1) + base-V(prefix), the first token most significant;
/// a whole sequence is the base-V number of its tokens.
/// </remarks>
public sealed class TabularShape
{
    private readonly int[] _offsets;

    /// <summary>Numbers the contexts and sequences of a vocabulary and a length.</summary>
    /// <param name="vocabularySize">V, at least 1.</param>
    /// <param name="length">L, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">V or L is below 1,
    /// or the table would have more entries than an array can hold.</exception>
    public TabularShape(int vocabularySize, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Vocabulary = vocabularySize;
        Length = length;
        _offsets = new int[length];
        long contexts = 0,
            prefixes = 1;
        for (int t = 0; t < length; t++)
        {
            _offsets[t] = (int)contexts;
            contexts += prefixes;
            prefixes *= vocabularySize;
            if (prefixes > Array.MaxLength || contexts * vocabularySize > Array.MaxLength)
                throw new ArgumentOutOfRangeException(
                    nameof(length),
                    length,
                    $"A table of {vocabularySize} tokens and length {length} has more than {Array.MaxLength} entries; use a smaller "
                        + $"vocabulary or length."
                );
        }

        Contexts = (int)contexts;
        Sequences = (int)prefixes;
    }

    /// <summary>V, the number of tokens.</summary>
    public int Vocabulary { get; }

    /// <summary>L, the number of tokens of every sequence.</summary>
    public int Length { get; }

    /// <summary>C = (V^L - 1) / (V - 1), the number of contexts.</summary>
    public int Contexts { get; }

    /// <summary>S = V^L, the number of sequences.</summary>
    public int Sequences { get; }

    /// <summary>The index of the context after t tokens.</summary>
    /// <param name="t">How many tokens there are, 0 to L - 1.</param>
    /// <param name="prefix">The base-V number of these tokens, 0 to V^t - 1.</param>
    /// <returns>0 to C - 1.</returns>
    public int Context(int t, int prefix) => _offsets[t] + prefix;

    /// <summary>The base-V number of the first t tokens of a sequence.</summary>
    /// <param name="sequence">The number of the sequence, 0 to S - 1.</param>
    /// <param name="t">How many tokens, 0 to L.</param>
    /// <returns>0 to V^t - 1.</returns>
    public int Prefix(int sequence, int t)
    {
        for (int i = Length; i > t; i--)
            sequence /= Vocabulary;
        return sequence;
    }

    /// <summary>The tokens of a sequence.</summary>
    /// <param name="sequence">The number of the sequence, 0 to S - 1.</param>
    /// <returns>A fresh array of L tokens.</returns>
    public int[] Tokens(int sequence)
    {
        int[] tokens = new int[Length];
        for (int t = Length - 1; t >= 0; t--, sequence /= Vocabulary)
            tokens[t] = sequence % Vocabulary;
        return tokens;
    }
}
