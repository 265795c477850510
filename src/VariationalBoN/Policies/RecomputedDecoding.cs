using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Decoding by running the module over the whole right-padded sequences at every step: exact for any causal module.</summary>
internal sealed class RecomputedDecoding : IDecoding
{
    private readonly CausalModel _model;
    private readonly Device _device;
    private readonly int _capacity;
    private long[] _tokens; // [rows, capacity]
    private int[] _lengths;

    internal RecomputedDecoding(CausalModel model, IReadOnlyList<IReadOnlyList<int>> prompts, int additionalTokens)
    {
        _model = model;
        _device = model.Device;
        _lengths = [.. prompts.Select(prompt => prompt.Count)];
        _capacity = _lengths.Max() + additionalTokens;
        _tokens = new long[prompts.Count * _capacity];
        for (int row = 0; row < prompts.Count; row++)
        {
            for (int i = 0; i < prompts[row].Count; i++)
                _tokens[(row * _capacity) + i] = prompts[row][i];
        }
    }

    public Tensor Append(Tensor tokens)
    {
        using (var local = tokens.cpu())
        {
            var added = local.Elements<long>();
            for (int row = 0; row < _lengths.Length; row++)
                _tokens[(row * _capacity) + _lengths[row]++] = added[row];
        }

        return Logits();
    }

    public void SelectRows(ReadOnlySpan<int> rows)
    {
        long[] tokens = new long[rows.Length * _capacity];
        int[] lengths = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            _tokens.AsSpan(rows[i] * _capacity, _capacity).CopyTo(tokens.AsSpan(i * _capacity));
            lengths[i] = _lengths[rows[i]];
        }

        (_tokens, _lengths) = (tokens, lengths);
    }

    public void Dispose()
    {
    }

    /// <summary>The logits after each row's last token, a fresh tensor [rows, V].</summary>
    internal Tensor Logits()
    {
        using var scope = NewDisposeScope();
        int rows = _lengths.Length, longest = _lengths.Max();
        long[] last = new long[rows];
        for (int row = 0; row < rows; row++)
            last[row] = ((long)row * longest) + _lengths[row] - 1;
        var tokens = tensor(_tokens, [rows, _capacity], device: _device).narrow(1, 0, longest).contiguous();
        return _model.Forward(tokens).view(-1, _model.VocabularySize).index_select(0, tensor(last, device: _device)).MoveToOuterDisposeScope();
    }
}
