using TorchSharp;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>
/// The state of one decoding: prompts stand in columns 0 to T - 1 of the cache, right-padded; every row's first new token is in column T.
/// Padding columns are masked and positions counted from the lengths.
/// </summary>
internal sealed class Gpt2Decoding : IDecoding
{
    private readonly Gpt2 _model;
    private readonly Gpt2KeyValues[] _caches;
    private readonly int _promptColumns;
    private readonly Device _device;
    private int[] _lengths;
    private int _steps;
    private Tensor _positions; // [rows], of the next token
    private Tensor? _mask;     // [rows, 1, capacity], 0 or -infinity; null when no prompt is padded

    internal Gpt2Decoding(Gpt2 model, Gpt2KeyValues[] caches, ReadOnlySpan<int> lengths, int promptColumns)
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
        _mask ??= Mask();
        var logits = _model.Step(tokens, _positions, _caches, _mask?.narrow(2, 0, _promptColumns + _steps + 1));
        using Scalar one = 1; // held until the call returns: a collection may not free it meanwhile
        _positions.add_(one);
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

    private Tensor? Mask()
    {
        if (_lengths.All(length => length == _promptColumns))
            return null;
        int capacity = _caches[0].Capacity;
        float[] values = new float[_lengths.Length * capacity];
        for (int row = 0; row < _lengths.Length; row++)
            values.AsSpan((row * capacity) + _lengths[row], _promptColumns - _lengths[row]).Fill(float.NegativeInfinity);
        return tensor(values, [_lengths.Length, 1, capacity], dtype: _caches[0].DataType, device: _device).DetachFromDisposeScope();
    }
}
