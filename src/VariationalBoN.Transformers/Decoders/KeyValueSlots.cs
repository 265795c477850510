using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// Slots for sequences of at most so many tokens, [slots, G, capacity, D] in each layer. Taken slots may have gaps between steps; <see
/// cref="Close"/> fills them, so that a step reads slots 0 to <see cref="Count"/> - 1, and gives room back that is no longer needed.
/// </summary>
internal sealed class KeyValueSlots(int capacity) : KeyValues
{
    private const int LeastTrimmed = 4; // slots: fewer are not worth a copy

    private readonly List<CachedRow?> _rows = []; // by slot; null where it is free
    private Tensor? _places; // of the new tokens, [Count * G] among the slots * G * capacity
    private readonly Dictionary<int, Tensor?> _masks = []; // of this step, by window; 0 for none

    /// <summary>The most tokens of a sequence.</summary>
    internal int Capacity => capacity;

    /// <summary>The number of slots up to the last that is taken.</summary>
    internal int Count => _rows.Count;

    /// <summary>The sequences; without gaps after <see cref="Close"/>.</summary>
    internal IReadOnlyList<CachedRow?> Rows => _rows;

    /// <summary>The number of slots that are taken.</summary>
    internal int Taken => _rows.Count(row => row is not null);

    /// <summary>Copies sequences of one other place into slots, free ones first, and tells them where they stand now.</summary>
    /// <param name="from">The other place.</param>
    /// <param name="moved">Its rows, and what they become.</param>
    /// <param name="most">As many sequences as the decoding has: no room is made for more.</param>
    /// <param name="isLeft">Whether no sequence stays in the other place:
    /// then its tensors go layer by layer, so that all are never there twice.</param>
    internal void Take(KeyValues from, IReadOnlyList<(int Row, CachedRow To)> moved, int most, bool isLeft)
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

        var runs = new List<Run>();
        for (int start = 0, end; start < targets.Count; start = end)
        {
            for (end = start + 1; end < targets.Count && targets[end].Slot == targets[end - 1].Slot + 1; )
                end++;
            var run = targets.GetRange(start, end - start);
            runs.Add(new Run([.. run.Select(target => target.From)], run[0].Slot, run.Max(target => target.Length), from.Keys[0].device));
        }

        for (int layer = 0; layer < from.Keys.Count; layer++)
        {
            foreach ((List<Tensor> sources, List<Tensor> all) in new[] { (from.Keys, Keys), (from.Values, Values) })
            {
                long present = layer < all.Count ? all[layer].size(0) : 0;
                if (present < _rows.Count)
                    Resize(all, layer, sources[layer], Math.Max(_rows.Count, Math.Min(most, Math.Min(2 * present, present + 64))));
                foreach (Run run in runs)
                    run.Copy(sources[layer], all[layer]);
                if (isLeft)
                    sources[layer].Dispose();
            }
        }

        if (isLeft)
            from.Dispose();
    }

    /// <summary>Gives a slot back.</summary>
    internal void Release(CachedRow row) => _rows[row.Slot] = null;

    /// <summary>Fills gaps with the last sequences, and gives back the room of slots of which half or more are not needed.</summary>
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
            var run = new Run([last.Slot], gap, last.Length, Keys[0].device);
            foreach (Tensor tensor in Keys.Concat(Values))
                run.Copy(tensor, tensor);
            (_rows[gap], last.Slot) = (last, gap);
            _rows.RemoveAt(_rows.Count - 1);
        }

        if (Count == 0)
            Dispose(); // made anew when a row comes
        else if (Keys[0].size(0) > LeastTrimmed && 2 * Count <= Keys[0].size(0))
        {
            for (int layer = 0; layer < Keys.Count; layer++)
            {
                Resize(Keys, layer, Keys[layer], Count + ((Count + 1) / 2)); // room to grow and to shrink before the next time
                Resize(Values, layer, Values[layer], Count + ((Count + 1) / 2));
            }
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

    /// <summary>Writes the keys and values of the new tokens, both [Count, G, D],
    /// and returns those of all, both [Count, G, <see cref="Columns"/>, D].</summary>
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
            _masks[key] = mask =
                key == 0 && _rows.TrueForAll(row => row!.Length == Columns)
                    ? null
                    : NewMask(key == 0 ? Columns : key).MoveToOuterDisposeScope();
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

    /// <summary>Gives a layer so many slots. New columns are 0: what is masked is multiplied by 0 and must be a number.</summary>
    private void Resize(List<Tensor> all, int layer, Tensor like, long slots)
    {
        using var scope = NewDisposeScope();
        var resized = zeros([slots, like.size(1), capacity, like.size(3)], CacheType.For(like.dtype, like.device), like.device)
            .DetachFromDisposeScope();
        if (layer >= all.Count)
        {
            all.Add(resized);
            return;
        }

        long kept = Math.Min(slots, all[layer].size(0));
        resized.narrow(0, 0, kept).copy_(all[layer].narrow(0, 0, kept));
        all[layer].Dispose();
        all[layer] = resized;
    }

    /// <summary>Rows of one place that are copied into slots that follow each other. Lives in a scope.</summary>
    private sealed class Run
    {
        private readonly int[] _rows;
        private readonly int _slot,
            _columns;
        private readonly bool _isOne;
        private readonly Tensor? _index; // null where the rows are one, or follow each other as well

        internal Run(int[] rows, int slot, int columns, Device device)
        {
            (_rows, _slot, _columns, _isOne) = (rows, slot, columns, rows.All(row => row == rows[0]));
            if (!_isOne && !rows.Select((row, i) => row - i).All(start => start == rows[0]))
                _index = tensor(Array.ConvertAll(rows, row => (long)row), device: device);
        }

        internal void Copy(Tensor source, Tensor target)
        {
            using var scope = NewDisposeScope(); // views would keep what is given back
            Tensor read = source.narrow(2, 0, _columns);
            read = _index is not null ? read.index_select(0, _index) : read.narrow(0, _rows[0], _isOne ? 1 : _rows.Length);
            target.narrow(0, _slot, _rows.Length).narrow(2, 0, _columns).copy_(read);
        }
    }
}
