namespace VariationalBoN.References;

/// <summary>Which samples of one prompt a cache holds: ranges without overlap, in order. Not thread-safe.</summary>
internal sealed class SampleRanges
{
    private (int First, int Count)[] _ranges = []; // few, and there may be as many of this as prompts: no room to grow is kept

    /// <summary>Adds the samples First to First + Count - 1.</summary>
    /// <returns>False, and nothing is added, when one of them is there already.</returns>
    public bool TryAdd(int first, int count)
    {
        if (Overlaps(first, count))
            return false;
        int place = Array.FindLastIndex(_ranges, range => range.First < first) + 1;
        _ranges = [.. _ranges[..place], (first, count), .. _ranges[place..]];
        return true;
    }

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Takes a range away that was added.</summary>
    public void Remove(int first, int count) => _ranges = [.. _ranges.Where(range => range != (first, count))];

    /// <summary>Whether one of the samples is there.</summary>
    public bool Overlaps(int first, int count) =>
        Array.Exists(_ranges, range => range.First < (long)first + count && first < (long)range.First + range.Count);

    /// <summary>Whether just these samples came in one record.</summary>
    public bool HasRecord(int first, int count) => _ranges.Contains((first, count));

    /// <summary>The ranges of the samples First to First + Count - 1 that are not there.</summary>
    public IEnumerable<(int First, int Count)> Missing(int first, int count)
    {
        long next = first,
            end = (long)first + count;
        foreach (var range in _ranges)
        {
            if (range.First >= end)
                break;
            if (range.First > next)
                yield return ((int)next, (int)(range.First - next));
            next = Math.Max(next, (long)range.First + range.Count);
        }

        if (next < end)
            yield return ((int)next, (int)(end - next));
    }

    /// <summary>The ranges, such as "0 to 63, 128 to 255".</summary>
    public override string ToString() => string.Join(", ", _ranges.Select(range => $"{range.First} to {range.First + range.Count - 1}"));
}
