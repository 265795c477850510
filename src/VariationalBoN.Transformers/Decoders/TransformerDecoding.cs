using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The state of one decoding. Prompts stay where they were read until a token is appended; then each row moves to a slot of about its own
/// length (<see cref="KeyValueSlots"/>), and to a longer one when it has filled that. So rows of any age stand beside each other, and the
/// attention of short rows does not pass over the columns of long ones.
/// </summary>
internal sealed class TransformerDecoding : IDecoding
{
    private const int LeastCapacity = 32;

    private readonly CausalTransformer _model;
    private readonly int[]? _hiddenLayers; // beside the last hidden states; null for logits
    private NarrowedWeights? _narrowed; // in mixed precision, until it is disposed of
    private readonly int _additionalTokens;
    private readonly List<KeyValueSlots> _parts = []; // by capacity
    private KeyValues? _prompts; // null once no row stands there
    private List<CachedRow> _rows = [];
    private int _longest; // the most tokens that a row will have

    internal TransformerDecoding(
        CausalTransformer model,
        KeyValues prompts,
        ReadOnlySpan<int> lengths,
        int additionalTokens,
        int[]? hiddenLayers,
        NarrowedWeights? narrowed
    )
        : this(model, additionalTokens, hiddenLayers, narrowed)
    {
        _prompts = prompts;
        for (int row = 0; row < lengths.Length; row++)
            _rows.Add(
                new CachedRow
                {
                    Length = lengths[row],
                    Home = prompts,
                    Slot = row,
                }
            );
        _longest = Longest(_rows);
    }

    private TransformerDecoding(CausalTransformer model, int additionalTokens, int[]? hiddenLayers, NarrowedWeights? narrowed) =>
        (_model, _additionalTokens, _hiddenLayers, _narrowed) = (model, additionalTokens, hiddenLayers, narrowed);

    /// <summary>What its rows stand in, by capacity.</summary>
    internal IReadOnlyList<KeyValueSlots> Parts => _parts;

    /// <summary>The weights in bfloat16; null without mixed precision.</summary>
    internal NarrowedWeights? Narrowed => _narrowed;

    public Tensor Append(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        Place(_rows, _rows.Count);
        foreach (KeyValueSlots part in _parts)
            part.Close();
        KeyValueSlots[] parts = [.. _parts.Where(part => part.Count > 0)];
        var (order, inverse) = Order(parts);
        long[] positions = [.. parts.SelectMany(part => part.Rows).Select(row => (long)row!.Length)];
        foreach (KeyValueSlots part in parts)
            part.Begin();
        Device device = tokens.device;
        bool inOrder = order.Select((row, i) => row == i).All(same => same);
        Tensor arranged = inOrder ? tokens : tokens.index_select(0, tensor(order, device: device));
        return _model
            .Step(
                arranged,
                tensor(positions, device: device),
                parts,
                inOrder ? null : tensor(inverse, device: device),
                _hiddenLayers,
                _narrowed
            )
            .MoveToOuterDisposeScope();
    }

    public void SelectRows(ReadOnlySpan<int> rows)
    {
        var taken = new HashSet<CachedRow>();
        var selected = new List<CachedRow>(rows.Length);
        var copies = new List<CachedRow>();
        foreach (int row in rows)
        {
            CachedRow present = _rows[row];
            if (!taken.Add(present) && present.Home != _prompts)
                copies.Add(present = Copy(present));
            else if (present.Home == _prompts)
                present = Copy(present); // what stands among the prompts may be shared
            selected.Add(present);
        }

        Place(copies, selected.Count);
        foreach (CachedRow row in _rows.Where(row => !taken.Contains(row)))
            (row.Home as KeyValueSlots)?.Release(row);
        _rows = selected;
    }

    public IDecoding CopyRows(ReadOnlySpan<int> rows)
    {
        var copy = new TransformerDecoding(_model, _additionalTokens, _hiddenLayers, _narrowed?.Share());
        try
        {
            copy.AddRows(this, rows);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public void AddRows(IDecoding from, ReadOnlySpan<int> rows)
    {
        if (from is not TransformerDecoding other || other._model != _model)
            throw new ArgumentException("The rows must come from a decoding of the same model.", nameof(from));
        var added = new List<CachedRow>(rows.Length);
        foreach (int row in rows)
            added.Add(Copy(other._rows[row]));
        _longest = Math.Max(_longest, Longest(added));
        Place(added, _rows.Count + added.Count);
        _rows.AddRange(added);
    }

    public void Dispose()
    {
        _narrowed?.Dispose();
        _narrowed = null; // others may use it still
        _prompts?.Dispose();
        foreach (KeyValueSlots part in _parts)
            part.Dispose();
    }

    private static CachedRow Copy(CachedRow row) =>
        new()
        {
            Length = row.Length,
            Home = row.Home,
            Slot = row.Slot,
        };

    private int Longest(IEnumerable<CachedRow> rows) => rows.Select(row => row.Length).DefaultIfEmpty().Max() + _additionalTokens;

    /// <summary>Sees to it that each of some rows, of so many in all,
    /// stands in a slot that is its own and has room for one more token.</summary>
    private void Place(List<CachedRow> rows, int most)
    {
        var moving = rows.Where(row =>
            row.Home is not KeyValueSlots slots || !_parts.Contains(slots) || slots.Rows[row.Slot] != row || row.Length == slots.Capacity
        );
        foreach (var group in moving.GroupBy(row => (From: row.Home, To: RoomFor(row.Length + 1))).ToArray())
        {
            (int Slot, CachedRow Row)[] moved = [.. group.Select(row => (row.Slot, row))];
            CachedRow[] left = [.. group.Where(row => row.Home is KeyValueSlots slots && slots.Rows[row.Slot] == row).Select(Copy)];
            // equally long ones outgrow it at once
            bool isLeft = left.Length == moved.Length && ((KeyValueSlots)group.Key.From).Taken == left.Length;
            group.Key.To.Take(group.Key.From, moved, most, isLeft);
            foreach (CachedRow row in left)
                ((KeyValueSlots)row.Home).Release(row);
        }

        if (ReferenceEquals(rows, _rows))
        {
            _prompts?.Dispose();
            _prompts = null;
        }
    }

    /// <summary>
    /// The slots of the least capacity that has room for so many tokens: 32, 64, 96, 128, 192, 256, ..., but no more than about what the
    /// longest row needs, and not 32 where one of 64 is enough for all.
    /// Each capacity costs some calls a layer, and one that is too large costs columns.
    /// </summary>
    private KeyValueSlots RoomFor(int length)
    {
        int capacity = length <= LeastCapacity && _longest > 2 * LeastCapacity ? LeastCapacity : 2 * LeastCapacity;
        for (int half = LeastCapacity; capacity < length; capacity += half)
        {
            if (capacity == 4 * half)
                half *= 2;
        }

        int place = _parts.FindIndex(part => part.Capacity >= length);
        if (place >= 0 && _parts[place].Capacity <= capacity)
            return _parts[place];
        var slots = new KeyValueSlots(Math.Max(length, Math.Min(capacity, (_longest + 15) / 16 * 16)));
        _parts.Insert(place >= 0 ? place : _parts.Count, slots);
        return slots;
    }

    /// <summary>The row that stands in each place of a step, and the place of each row.</summary>
    private (long[] Order, long[] Inverse) Order(KeyValueSlots[] parts)
    {
        var index = _rows.Select((row, i) => (row, i)).ToDictionary(pair => pair.row, pair => pair.i);
        long[] order = [.. parts.SelectMany(part => part.Rows).Select(row => (long)index[row!])],
            inverse = new long[order.Length];
        for (int i = 0; i < order.Length; i++)
            inverse[order[i]] = i;
        return (order, inverse);
    }
}
