namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Parts of a text, in UTF-16 units, in order and apart from each other. Immutable; thread-safe.</summary>
internal sealed class TextRanges
{
    /// <summary>How much of the text before a place decides what a normaliser makes of it: more than any needs.</summary>
    private const int Context = 64;

    private readonly (int Start, int End)[] _ranges;

    private readonly IReadOnlySet<int>? _held;

    /// <param name="ranges">The parts; empty ones are none.</param>
    /// <param name="held">Ids of tokens that are text here, beside the special ones; null for none.</param>
    internal TextRanges(IEnumerable<(int Start, int End)> ranges, IReadOnlySet<int>? held = null) =>
        (_ranges, _held) = ([.. ranges.Where(range => range.End > range.Start)], held);

    /// <summary>Whether a token that is not special is text here, too.</summary>
    internal bool Holds(int id) => _held?.Contains(id) == true;

    /// <summary>Whether a part of the text holds a character of the ranges.</summary>
    internal bool Touch(int start, int end)
    {
        int next = FirstAfter(start);
        return next < _ranges.Length && _ranges[next].Start < end;
    }

    /// <summary>The ranges within a part of the text, seen from its start; negative starts lie before the text.</summary>
    internal TextRanges Within(int start, int end)
    {
        int first = FirstAfter(start),
            last = first;
        while (last < _ranges.Length && _ranges[last].Start < end)
            last++;
        return new TextRanges(
            _ranges[first..last].Select(range => (Math.Max(range.Start, start) - start, Math.Min(range.End, end) - start)),
            _held
        );
    }

    /// <summary>Where the ranges lie in the normalised text.</summary>
    internal TextRanges Normalized(string text, Func<string, string> normalizer)
    {
        int last = 0,
            length = 0;
        return new TextRanges([.. _ranges.Select(range => (Of(range.Start), Of(range.End)))], _held);

        int Of(int place)
        {
            place = Whole(place);
            int from = Whole(Math.Max(0, last - Context));
            length += normalizer(text[from..place]).Length - normalizer(text[from..last]).Length;
            last = place;
            return length;
        }

        int Whole(int place) => place > 0 && place < text.Length && char.IsLowSurrogate(text[place]) ? place - 1 : place;
    }

    /// <summary>The first range that ends after a place.</summary>
    private int FirstAfter(int place)
    {
        int low = 0,
            high = _ranges.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ranges[middle].End <= place ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
