using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Keys and values of one layer, [rows, G, columns, D] for G key heads: preallocated at the first <see cref="Append"/> after a <see cref="Select"/>.</summary>
internal sealed class LayerKeyValues : IDisposable
{
    private readonly long _capacity;
    private Tensor _keys, _values;

    internal LayerKeyValues(Tensor keys, Tensor values, long capacity)
    {
        Used = keys.size(2);
        _capacity = capacity;
        (_keys, _values) = (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
    }

    /// <summary>The number of columns that hold tokens.</summary>
    internal long Used { get; private set; }

    /// <summary>The number of columns once allocated.</summary>
    internal int Capacity => (int)_capacity;

    /// <summary>The element type of keys and values.</summary>
    internal ScalarType DataType => _keys.dtype;

    /// <summary>Writes one more column, both [rows, G, D], and returns everything so far as views [rows, G, columns, D].</summary>
    internal (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        _keys = Grow(_keys);
        _values = Grow(_values);
        _keys.select(2, Used).copy_(keys);
        _values.select(2, Used).copy_(values);
        Used++;
        return (_keys.narrow(2, 0, Used), _values.narrow(2, 0, Used));
    }

    /// <summary>Row i becomes what row <paramref name="rows"/>[i] was.</summary>
    internal void Select(Tensor rows)
    {
        _keys = Replace(_keys, _keys.narrow(2, 0, Used).index_select(0, rows));
        _values = Replace(_values, _values.narrow(2, 0, Used).index_select(0, rows));
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }

    private Tensor Grow(Tensor old)
    {
        if (old.size(2) == _capacity && old.is_contiguous())
            return old;
        var wide = empty([old.size(0), old.size(1), _capacity, old.size(3)], dtype: old.dtype, device: old.device);
        wide.narrow(2, 0, Used).copy_(old.narrow(2, 0, Used));
        return Replace(old, wide);
    }

    private static Tensor Replace(Tensor old, Tensor replacement)
    {
        old.Dispose();
        return replacement.DetachFromDisposeScope();
    }
}
