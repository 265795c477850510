using System.Buffers;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>
/// Merges the symbols of one long word: a heap of the pairs by rank and place, each symbol with the places beside it. Used once.
/// </summary>
/// <param name="merges">The merges by pair.</param>
/// <param name="symbols">The symbols; they are overwritten.</param>
internal ref struct BytePairMerger(Dictionary<(int Left, int Right), (int Rank, int Id)> merges, Span<int> symbols)
{
    /// <summary>Up to this many symbols it is faster to look for the best pair again after each merge.</summary>
    internal const int LongestOnStack = 32;

    private readonly Span<int> _symbols = symbols;
    private ulong[] _heap = [];
    private int _count;

    /// <summary>Merges a short word without a heap.</summary>
    internal static void MergeShort(Dictionary<(int Left, int Right), (int Rank, int Id)> merges, Span<int> symbols, List<int> ids)
    {
        Span<(int Rank, int Id)> pairs = stackalloc (int, int)[LongestOnStack];
        int count = symbols.Length;
        for (int i = 0; i + 1 < count; i++)
            pairs[i] = Pair(merges, symbols[i], symbols[i + 1]);
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                if (pairs[i].Rank < pairs[best].Rank)
                    best = i;
            }

            if (pairs[best].Rank == int.MaxValue)
                break;
            symbols[best] = pairs[best].Id;
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            if (best + 2 < count)
                pairs[(best + 2)..(count - 1)].CopyTo(pairs[(best + 1)..]);
            count--;
            if (best + 1 < count)
                pairs[best] = Pair(merges, symbols[best], symbols[best + 1]);
            if (best > 0)
                pairs[best - 1] = Pair(merges, symbols[best - 1], symbols[best]);
        }

        foreach (int symbol in symbols[..count])
            ids.Add(symbol);
    }

    /// <summary>Merges and appends what is left.</summary>
    internal void MergeLong(List<int> ids)
    {
        int length = _symbols.Length;
        int[] previous = ArrayPool<int>.Shared.Rent(length),
            next = ArrayPool<int>.Shared.Rent(length);
        _heap = ArrayPool<ulong>.Shared.Rent(length);
        for (int i = 0; i < length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < length; i++)
            Consider(i, i + 1);
        while (_count > 0)
        {
            ulong top = Dequeue();
            int at = (int)(uint)top,
                right = _symbols[at] < 0 ? length : next[at];
            if (right == length || !merges.TryGetValue((_symbols[at], _symbols[right]), out var merge) || merge.Rank != (int)(top >> 32))
                continue; // merged away, or into something else, since it was queued
            _symbols[at] = merge.Id;
            _symbols[right] = -1;
            next[at] = next[right];
            if (next[right] < length)
                previous[next[right]] = at;
            if (previous[at] >= 0)
                Consider(previous[at], at);
            if (next[at] < length)
                Consider(at, next[at]);
        }

        for (int i = 0; i < length; i = next[i])
            ids.Add(_symbols[i]);
        ArrayPool<int>.Shared.Return(previous);
        ArrayPool<int>.Shared.Return(next);
        ArrayPool<ulong>.Shared.Return(_heap);
    }

    private static (int Rank, int Id) Pair(Dictionary<(int Left, int Right), (int Rank, int Id)> merges, int left, int right) =>
        merges.TryGetValue((left, right), out var merge) ? merge : (int.MaxValue, 0);

    private void Consider(int left, int right)
    {
        if (merges.TryGetValue((_symbols[left], _symbols[right]), out var merge))
            Enqueue(((ulong)merge.Rank << 32) | (uint)left);
    }

    private void Enqueue(ulong item)
    {
        if (_count == _heap.Length)
        {
            ulong[] larger = ArrayPool<ulong>.Shared.Rent(2 * _count);
            _heap.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<ulong>.Shared.Return(_heap);
            _heap = larger;
        }

        int at = _count++;
        for (int parent = (at - 1) / 2; at > 0 && _heap[parent] > item; parent = (at - 1) / 2)
        {
            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = item;
    }

    private ulong Dequeue()
    {
        ulong top = _heap[0],
            item = _heap[--_count];
        int at = 0;
        for (int child = 1; child < _count; child = 2 * at + 1)
        {
            if (child + 1 < _count && _heap[child + 1] < _heap[child])
                child++;
            if (_heap[child] >= item)
                break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = item;
        return top;
    }
}
