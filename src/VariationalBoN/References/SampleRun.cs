using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>Samples of one prompt that were drawn one after the other. Immutable, thread-safe.</summary>
/// <param name="First">Index of the first.</param>
/// <param name="Drawn">How many were drawn.</param>
/// <param name="Excluded">Indices of those that were left out, in ascending order.</param>
internal readonly record struct SampleRun(int First, int Drawn, ImmutableArray<int> Excluded)
{
    /// <summary>How many have a reward.</summary>
    public int Kept => Drawn - Excluded.Length;

    /// <summary>The indices of those that have a reward.</summary>
    public IEnumerable<int> Indices => Enumerable.Range(First, Drawn).Except(Excluded);

    /// <summary>Those from one index on and before another.</summary>
    public SampleRun Within(long first, long end)
    {
        int from = (int)Math.Clamp(first - First, 0, Drawn), to = (int)Math.Clamp(end - First, from, Drawn), start = First + from;
        return new SampleRun(start, to - from, from == 0 && to == Drawn ? Excluded : [.. Excluded.Where(index => index >= start && index - start < to - from)]);
    }

    /// <summary>How many with a reward stand before an index.</summary>
    public int KeptBefore(int index) => index - First - Excluded.Count(excluded => excluded < index);
}
