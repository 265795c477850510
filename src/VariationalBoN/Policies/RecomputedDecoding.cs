using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Decoding by running the module over the whole right-padded sequences at every step: exact for any causal module.</summary>
internal sealed class RecomputedDecoding : IDecoding
{
    private readonly CausalModel _model;
    private List<List<long>> _rows;

    internal RecomputedDecoding(CausalModel model, IEnumerable<IReadOnlyList<int>> prompts)
        : this(model, [.. prompts.Select(prompt => prompt.Select(token => (long)token).ToList())]) { }

    private RecomputedDecoding(CausalModel model, List<List<long>> rows) => (_model, _rows) = (model, rows);

    public Tensor Append(Tensor tokens)
    {
        using (var local = tokens.cpu())
        {
            var added = local.Elements<long>();
            for (int row = 0; row < _rows.Count; row++)
                _rows[row].Add(added[row]);
        }

        return Logits();
    }

    public void SelectRows(ReadOnlySpan<int> rows) => _rows = Copies(rows);

    public IDecoding CopyRows(ReadOnlySpan<int> rows) => new RecomputedDecoding(_model, Copies(rows));

    public void AddRows(IDecoding from, ReadOnlySpan<int> rows)
    {
        if (from is not RecomputedDecoding other || other._model != _model)
            throw new ArgumentException("The rows must come from a decoding of the same model.", nameof(from));
        _rows.AddRange(other.Copies(rows));
    }

    public void Dispose() { }

    /// <summary>The logits after each row's last token, a fresh tensor [rows, V].</summary>
    internal Tensor Logits()
    {
        using var scope = NewDisposeScope();
        int longest = _rows.Max(row => row.Count);
        long[] tokens = new long[_rows.Count * longest],
            last = new long[_rows.Count]; // right-padded with token 0
        for (int row = 0; row < _rows.Count; row++)
        {
            _rows[row].CopyTo(tokens, row * longest);
            last[row] = ((long)row * longest) + _rows[row].Count - 1;
        }

        Device device = _model.Device;
        return _model
            .Forward(tensor(tokens, [_rows.Count, longest], device: device))
            .view(-1, _model.VocabularySize)
            .index_select(0, tensor(last, device: device))
            .MoveToOuterDisposeScope();
    }

    private List<List<long>> Copies(ReadOnlySpan<int> rows)
    {
        var copies = new List<List<long>>(rows.Length);
        foreach (int row in rows)
            copies.Add([.. _rows[row]]);
        return copies;
    }
}
