using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// Slots for sequences of at most so many tokens, [slots, G, capacity, D] in each layer. Taken slots may have gaps between steps; <see
/// cref="Close"/> fills them, so that a step reads slots 0 to <see cref="Count"/> - 1. The tensors live as long as the decoding.
/// </summary>
internal sealed class KeyValueSlots(int capacity) : KeyValues
{
    private readonly List<CachedRow?> _rows = []; // by slot; null where it is free
    private Tensor? _places;                      // of the new tokens, [Count * G] among the slots * G * capacity
    private readonly Dictionary<int, Tensor?> _masks = []; // of this step, by window; 0 for none

    /// <summary>The most tokens of a sequence.</summary>
    internal int Capacity => capacity;

    /// <summary>The number of slots up to the last that is taken.</summary>
    internal int Count => _rows.Count;

    /// <summary>The sequences; without gaps after <see cref="Close"/>.</summary>
    internal IReadOnlyList<CachedRow?> Rows => _rows;

    /// <summary>Copies sequences of one other place into slots, free ones first, and tells them where they stand now.</summary>
    internal void Take(KeyValues from, IReadOnlyList<(int Row, CachedRow To)> moved)
    {
        using var scope = NewDisposeScope();
        int free = 0;
        var targets = new List<(int Slot, int From, int Length)>();
        foreach ((int row, CachedRow to) in moved)
        {
            while (free < _rows.Count && _rows[free] is not null)
                free++;
            if (free == _rows.Count)
                _rows.Add(null);
            _rows[free] = to;
            targets.Add((free, row, to.Length));
            (to.Home, to.Slot) = (this, free);
        }

        Reserve(from);
        for (int start = 0, end; start < targets.Count; start = end)
        {
            for (end = start + 1; end < targets.Count && targets[end].Slot == targets[end - 1].Slot + 1;)
                end++;
            Copy(from, [.. targets.Skip(start).Take(end - start).Select(target => target.From)], targets[start].Slot, targets.Skip(start).Take(end - start).Max(target => target.Length));
        }
    }

    /// <summary>Gives a slot back.</summary>
    internal void Release(CachedRow row) => _rows[row.Slot] = null;

    /// <summary>Fills gaps with the last sequences.</summary>
    internal void Close()
    {
        using var scope = NewDisposeScope();
        for (int gap = 0; gap < _rows.Count; gap++)
        {
            while (_rows.Count > gap && _rows[^1] is null)
                _rows.RemoveAt(_rows.Count - 1);
            if (gap >= _rows.Count || _rows[gap] is not null)
                continue;
            CachedRow last = _rows[^1]!;
            Copy(this, [last.Slot], gap, last.Length);
            (_rows[gap], last.Slot) = (last, gap);
            _rows.RemoveAt(_rows.Count - 1);
        }
    }

    /// <summary>Begins a step: every sequence gets one more token. To be ended in the scope that it was begun in.</summary>
    internal void Begin()
    {
        long heads = Keys[0].size(1);
        long[] places = new long[_rows.Count * heads];
        for (int slot = 0, i = 0; slot < _rows.Count; slot++)
        {
            for (long head = 0; head < heads; head++)
                places[i++] = ((((long)slot * heads) + head) * capacity) + _rows[slot]!.Length;
            _rows[slot]!.Length++;
        }

        _places = tensor(places, device: Keys[0].device);
        _masks.Clear();
        Columns = _rows.Max(row => row!.Length);
    }

    /// <summary>The columns that the longest sequence takes up.</summary>
    internal int Columns { get; private set; }

    /// <summary>Writes the keys and values of the new tokens, both [Count, G, D], and returns those of all, both [Count, G, <see cref="Columns"/>, D].</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        foreach ((Tensor all, Tensor added) in new[] { (Keys[layer], keys), (Values[layer], values) })
            all.view(-1, all.size(3)).index_copy_(0, _places!, added.to(all.dtype).reshape(-1, all.size(3)));
        return (Keys[layer].narrow(0, 0, Count).narrow(2, 0, Columns), Values[layer].narrow(0, 0, Count).narrow(2, 0, Columns));
    }

    /// <summary>What is added to the scores, 0 or -infinity, [Count, 1, 1, <see cref="Columns"/>]; null where all columns count.</summary>
    internal Tensor? Mask(int? window)
    {
        int key = window < Columns ? window.Value : 0; // a window that hides nothing is none
        if (!_masks.TryGetValue(key, out Tensor? mask))
            _masks[key] = mask = key == 0 && _rows.TrueForAll(row => row!.Length == Columns) ? null : NewMask(key == 0 ? Columns : key).MoveToOuterDisposeScope();
        return mask;
    }

    private Tensor NewMask(int window)
    {
        float[] values = new float[_rows.Count * Columns];
        for (int slot = 0; slot < _rows.Count; slot++)
        {
            int length = _rows[slot]!.Length;
            values.AsSpan((slot * Columns) + length, Columns - length).Fill(float.NegativeInfinity);
            values.AsSpan(slot * Columns, Math.Max(0, length - window)).Fill(float.NegativeInfinity);
        }

        return tensor(values, [_rows.Count, 1, 1, Columns], dtype: Keys[0].dtype, device: Keys[0].device);
    }

    private void Copy(KeyValues from, int[] rows, int slot, int columns)
    {
        bool one = rows.All(row => row == rows[0]), consecutive = rows.Select((row, i) => row - i).All(start => start == rows[0]);
        Tensor? index = one || consecutive ? null : tensor(Array.ConvertAll(rows, row => (long)row), device: from.Keys[0].device);
        for (int layer = 0; layer < from.Keys.Count; layer++)
        {
            foreach ((Tensor source, Tensor target) in new[] { (from.Keys[layer], Keys[layer]), (from.Values[layer], Values[layer]) })
            {
                Tensor read = source.narrow(2, 0, columns);
                read = index is not null ? read.index_select(0, index) : read.narrow(0, rows[0], one ? 1 : rows.Length);
                target.narrow(0, slot, rows.Length).narrow(2, 0, columns).copy_(read);
            }
        }
    }

    /// <summary>Makes room for all slots that are taken. New columns are 0: what is masked is multiplied by 0 and must be a number.</summary>
    private void Reserve(KeyValues like)
    {
        for (int layer = 0; layer < like.Keys.Count; layer++)
        {
            foreach ((List<Tensor> all, Tensor shape) in new[] { (Keys, like.Keys[layer]), (Values, like.Values[layer]) })
            {
                long present = layer < all.Count ? all[layer].size(0) : 0;
                if (present >= _rows.Count)
                    continue;
                var wider = zeros(
                    [Math.Max(_rows.Count, Math.Min(2 * present, present + 64)), shape.size(1), capacity, shape.size(3)],
                    CacheType.For(shape.dtype, shape.device),
                    shape.device).DetachFromDisposeScope();
                if (layer >= all.Count)
                    all.Add(wider);
                else
                {
                    wider.narrow(0, 0, present).copy_(all[layer]);
                    all[layer].Dispose();
                    all[layer] = wider;
                }
            }
        }
    }
}
