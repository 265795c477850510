using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The state of one decoding: prompts stand in columns 0 to T - 1 of the cache, right-padded; every row's first new token is in column T.
/// Padding columns are masked and positions counted from the lengths.
/// </summary>
internal sealed class TransformerDecoding : IDecoding
{
    private readonly CausalTransformer _model;
    private readonly LayerKeyValues[] _caches;
    private readonly int _promptColumns;
    private readonly Device _device;
    private int[] _lengths;
    private int _steps;
    private Tensor _positions; // [rows], of the next token
    private Tensor? _mask;     // [rows, 1, 1, capacity], 0 or -infinity; null when no prompt is padded

    internal TransformerDecoding(CausalTransformer model, LayerKeyValues[] caches, ReadOnlySpan<int> lengths, int promptColumns)
    {
        _model = model;
        _caches = caches;
        _promptColumns = promptColumns;
        _lengths = lengths.ToArray();
        _device = model.Device;
        _positions = Positions();
    }

    /// <summary>The index of each row's last prompt token among the rows * T hidden states.</summary>
    internal Tensor LastPositions() =>
        tensor(_lengths.Select((length, row) => ((long)row * _promptColumns) + length - 1).ToArray(), device: _device);

    public Tensor Append(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        _mask ??= PaddingMask();
        int columns = _promptColumns + _steps + 1;
        var (padding, windowed) = (_mask?.narrow(3, 0, columns), (Tensor?)null);
        var logits = _model.Step(tokens, _positions, _caches, window => Hides(window) ? windowed ??= WindowMask(window!.Value, columns).MoveToOuterDisposeScope() : padding);
        _positions.Increase(1);
        _steps++;
        return logits.MoveToOuterDisposeScope();
    }

    public void SelectRows(ReadOnlySpan<int> rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(Array.ConvertAll(rows.ToArray(), row => (long)row), device: _device);
        foreach (var cache in _caches)
            cache.Select(index);
        int[] lengths = new int[rows.Length];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = _lengths[rows[i]];
        _lengths = lengths;
        _mask?.Dispose();
        _mask = null;
        _positions.Dispose();
        _positions = Positions();
    }

    public void Dispose()
    {
        foreach (var cache in _caches)
            cache.Dispose();
        _positions.Dispose();
        _mask?.Dispose();
    }

    private Tensor Positions() =>
        tensor(Array.ConvertAll(_lengths, length => (long)length + _steps), device: _device).DetachFromDisposeScope();

    private Tensor? PaddingMask() =>
        _lengths.All(length => length == _promptColumns) ? null : Mask(_caches[0].Capacity, static (_, _, _) => { }).DetachFromDisposeScope();

    /// <summary>Whether a window is shorter than what the longest row holds, the token that is being appended included.</summary>
    private bool Hides(int? window) => window <= _lengths.Max() + _steps;

    /// <summary>Hides, besides the padding, the columns that have left the window of the token that is being appended.</summary>
    private Tensor WindowMask(int window, int columns) => Mask(columns, (values, row, length) =>
    {
        int left = length + _steps + 1 - window; // so many of the row's first tokens are out of sight
        if (left > 0)
            values.AsSpan(row * columns, Math.Min(left, length)).Fill(float.NegativeInfinity);
        if (left > length)
            values.AsSpan((row * columns) + _promptColumns, left - length).Fill(float.NegativeInfinity);
    });

    /// <summary>[rows, 1, 1, columns]: -infinity at the padding and where <paramref name="hide"/> (values, row, prompt length) adds it.</summary>
    private Tensor Mask(int columns, Action<float[], int, int> hide)
    {
        float[] values = new float[_lengths.Length * columns];
        for (int row = 0; row < _lengths.Length; row++)
        {
            values.AsSpan((row * columns) + _lengths[row], _promptColumns - _lengths[row]).Fill(float.NegativeInfinity);
            hide(values, row, _lengths[row]);
        }

        return tensor(values, [_lengths.Length, 1, 1, columns], dtype: _caches[0].DataType, device: _device);
    }
}
