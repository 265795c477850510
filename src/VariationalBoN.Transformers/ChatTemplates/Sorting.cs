namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Sorting as Python's <c>sorted</c>: stable, also in reverse; only "less than" is asked.</summary>
internal static class Sorting
{
    public static T[] Sorted<T>(IEnumerable<T> items, Func<T, Value> key, bool reverse, Work work)
    {
        (T Item, Value Key)[] keyed = [.. items.Select(item => (item, key(item)))];
        if (reverse)
            Array.Reverse(keyed);
        Sort(keyed, new (T, Value)[keyed.Length], 0, keyed.Length, work);
        if (reverse)
            Array.Reverse(keyed);
        return [.. keyed.Select(pair => pair.Item)];
    }

    private static void Sort<T>((T Item, Value Key)[] items, (T Item, Value Key)[] spare, int start, int end, Work work)
    {
        if (end - start < 2)
            return;
        int middle = (start + end) / 2;
        Sort(items, spare, start, middle, work);
        Sort(items, spare, middle, end, work);
        int left = start,
            right = middle;
        for (int to = start; to < end; to++)
        {
            bool takeRight = left == middle || (right < end && Comparing.Less(items[right].Key, items[left].Key, orEqual: false, work));
            spare[to] = takeRight ? items[right++] : items[left++];
        }
        Array.Copy(spare, start, items, start, end - start);
    }
}
