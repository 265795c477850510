namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A range of UTF-16 units of a rendered text. Immutable, thread-safe.</summary>
/// <param name="Start">First unit, from 0.</param>
/// <param name="Length">Number of units, at least 1.</param>
public readonly record struct CharacterRange(int Start, int Length)
{
    /// <summary>First unit after the range.</summary>
    public int End => Start + Length;
}
