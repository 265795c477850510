namespace VariationalBoN.References;

/// <summary>Keeps what was made last, one item for each remainder of its number,
/// so that using one item again and again makes it once. Thread-safe.</summary>
internal sealed class RecentItems<T>(int capacity, Func<int, T> make)
{
    private readonly Entry?[] _entries = new Entry?[capacity];

    /// <summary>The item of a number, 0 or more: kept or made.</summary>
    public T this[int number]
    {
        get
        {
            ref Entry? place = ref _entries[number % _entries.Length];
            Entry? entry = Volatile.Read(ref place);
            if (entry is null || entry.Number != number)
                Volatile.Write(ref place, entry = new Entry(number, make(number)));
            return entry.Item;
        }
    }

    private sealed record Entry(int Number, T Item);
}
