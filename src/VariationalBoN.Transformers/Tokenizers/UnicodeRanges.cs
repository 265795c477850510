namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A set of code points in ranges. Immutable; thread-safe.</summary>
internal sealed class UnicodeRanges
{
    private const int MappedBelow = 0x3000; // most text lies there: one look at a bit
    private readonly int[] _bounds; // first of a range, first after it, and so on
    private readonly ulong[] _map = new ulong[MappedBelow / 64];

    /// <param name="packed">The ranges as <see cref="UnicodeTables"/> writes them.</param>
    internal UnicodeRanges(string packed)
    {
        var bounds = new List<int>();
        int last = 0;
        foreach (string range in packed.Split(' '))
        {
            int dot = range.IndexOf('.', StringComparison.Ordinal);
            int first = last + Number(dot < 0 ? range : range.AsSpan(0, dot));
            last = first + (dot < 0 ? 0 : Number(range.AsSpan(dot + 1)));
            bounds.Add(first);
            bounds.Add(last + 1);
            for (int c = first; c <= last && c < MappedBelow; c++)
                _map[c / 64] |= 1UL << (c % 64);
        }

        _bounds = [.. bounds];
    }

    internal bool Contains(int codePoint)
    {
        if (codePoint < MappedBelow)
            return (_map[codePoint / 64] >> (codePoint % 64) & 1) != 0;
        int at = Array.BinarySearch(_bounds, codePoint);
        return ((at >= 0 ? at + 1 : ~at) & 1) != 0;
    }

    private static int Number(ReadOnlySpan<char> digits)
    {
        int number = 0;
        foreach (char digit in digits)
            number = 36 * number + (char.IsAsciiDigit(digit) ? digit - '0' : digit - 'a' + 10);
        return number;
    }
}
