using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Rows that are drawn together, a token a step, while others enter and leave. Owns its decoding; not thread-safe.</summary>
/// <param name="model">The model that is decoded.</param>
/// <param name="distribution">What tokens are drawn from.</param>
internal sealed class DrawnRows(CausalModel model, StepDistribution distribution) : IDisposable
{
    private List<DrawnRow> _rows = [];

    /// <summary>The rows in the order of the decoding, those included that are done and not yet dropped.</summary>
    internal IReadOnlyList<DrawnRow> All => _rows;

    /// <summary>The decoding; null before the first row and after <see cref="Clear"/>.</summary>
    internal IDecoding? Decoding { get; private set; }

    /// <summary>Puts rows whose first token is drawn among those that go on.</summary>
    /// <param name="read">The prompts that they begin with.</param>
    /// <param name="entering">The rows, each with the place of its prompt.</param>
    internal void Enter(ReadPrompts read, IReadOnlyList<(DrawnRow Row, int Place)> entering)
    {
        if (entering.Count == 0)
            return;
        int[] places = [.. entering.Select(one => one.Place)];
        if (Decoding is null)
        {
            Decoding = read.Decoding.CopyRows(places);
            distribution.SelectRows(places); // one that has a state is given no rows that come later
        }
        else
            Decoding.AddRows(read.Decoding, places);
        _rows.AddRange(entering.Select(one => one.Row));
    }

    /// <summary>One more token for each row. One that is done and still here is fed token 0.</summary>
    internal void Step()
    {
        using var scope = NewDisposeScope();
        long[] last = [.. _rows.Select(row => row.IsDone ? 0L : row.Tokens[^1])];
        using var tokens = tensor(last, device: model.Device);
        distribution.Append(tokens);
        using Tensor output = Decoding!.Append(tokens);
        var probabilities = distribution.Probabilities(output).to(ScalarType.Float32).cpu().contiguous().Elements<float>(); // [rows, V]
        for (int i = 0; i < _rows.Count; i++)
        {
            _rows[i].Read++;
            if (!_rows[i].IsDone)
                _rows[i].Draw(probabilities.Slice(i * model.VocabularySize, model.VocabularySize));
        }
    }

    /// <summary>Takes out the rows that are done.</summary>
    internal void DropDone()
    {
        int[] kept = [.. Enumerable.Range(0, _rows.Count).Where(i => !_rows[i].IsDone)];
        if (kept.Length == _rows.Count)
            return;
        Decoding!.SelectRows(kept);
        distribution.SelectRows(kept);
        _rows = [.. kept.Select(i => _rows[i])];
    }

    /// <summary>Takes out all rows and gives back what the decoding holds.</summary>
    internal void Clear()
    {
        _rows.Clear();
        Decoding?.Dispose();
        Decoding = null;
    }

    public void Dispose() => Clear();
}
