using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// Draws the completions of one unit, token by token: prompts are read in groups, once each, and as rows finish, waiting ones take their
/// places. A row's first token is drawn from what its prompt was read with, so that it enters a step as any other row.
/// </summary>
internal sealed class UnitSampler : IDisposable
{
    private const double CompactionThreshold = 0.75; // of the last rows, when none is waiting
    private const int GroupsPerBatch = 4;            // prompts that are read ahead, as a part of the rows

    private readonly CausalModel _model;
    private readonly GenerationOptions _options;
    private readonly StepDistribution _distribution;
    private readonly IReadOnlyList<PlannedRow> _rows;
    private readonly IReadOnlyList<IReadOnlyList<int>> _promptTokens;
    private readonly Action<PlannedRow, List<int>> _finished;
    private readonly bool[] _isStop;
    private readonly List<(DrawnRow Row, int Place)> _entering = []; // with the place of its prompt in _waiting
    private List<DrawnRow> _present = [];
    private int _next;
    private ReadPrompts? _waiting;
    private IDecoding? _decoding;

    /// <summary>The sampler of some rows; those of one prompt stand together.</summary>
    internal UnitSampler(CausalModel model, GenerationOptions options, StepDistribution distribution, IReadOnlyList<PlannedRow> rows,
        IReadOnlyList<IReadOnlyList<int>> promptTokens, Action<PlannedRow, List<int>> finished)
    {
        (_model, _options, _distribution, _rows, _promptTokens, _finished) = (model, options, distribution, rows, promptTokens, finished);
        _isStop = new bool[model.VocabularySize];
        foreach (int token in options.StopTokens)
            _isStop[token] = true;
    }

    /// <summary>Draws them all, and hands each on when it has ended.</summary>
    internal void Run(CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        while (true)
        {
            Admit(cancellationToken);
            if (_present.TrueForAll(row => row.IsDone))
                return;
            cancellationToken.ThrowIfCancellationRequested();
            Step();
            Drop();
        }
    }

    public void Dispose()
    {
        _waiting?.Dispose();
        _decoding?.Dispose();
    }

    /// <summary>Gives free places to waiting rows. One whose first token ends it takes none.</summary>
    private void Admit(CancellationToken cancellationToken)
    {
        while (_next < _rows.Count && _present.Count + _entering.Count < _options.RowsPerBatch)
        {
            if (_waiting?.Place(_rows[_next].Prompt) is not int place)
            {
                Enter();
                cancellationToken.ThrowIfCancellationRequested();
                _waiting?.Dispose();
                _waiting = null;
                _waiting = new ReadPrompts(_distribution, NextPrompts(), _promptTokens, _options.MaxNewTokens - 1, _model.VocabularySize, _decoding);
                continue;
            }

            var row = new DrawnRow(_rows[_next++], Math.Min(_options.MaxNewTokens, 32));
            Draw(row, _waiting.Probabilities(place));
            if (!row.IsDone)
                _entering.Add((row, place));
        }

        Enter();
        if (_next == _rows.Count)
        {
            _waiting?.Dispose();
            _waiting = null;
        }
    }

    /// <summary>Puts the rows that have begun among those that go on.</summary>
    private void Enter()
    {
        if (_entering.Count == 0)
            return;
        int[] places = [.. _entering.Select(entering => entering.Place)];
        if (_decoding is null)
        {
            _decoding = _waiting!.Decoding.CopyRows(places);
            _distribution.SelectRows(places); // one that has a state is given no unit that is refilled
        }
        else
            _decoding.AddRows(_waiting!.Decoding, places);
        _present.AddRange(_entering.Select(entering => entering.Row));
        _entering.Clear();
    }

    /// <summary>The prompts that the free places need, and some more.</summary>
    private List<int> NextPrompts()
    {
        int free = _options.RowsPerBatch - _present.Count, most = Math.Max(1, _options.RowsPerBatch / GroupsPerBatch);
        var prompts = new List<int>();
        for (int i = _next; i < _rows.Count && (i < _next + free || prompts.Count < most); i++)
        {
            if (prompts.Count == 0 || prompts[^1] != _rows[i].Prompt)
                prompts.Add(_rows[i].Prompt);
        }

        return prompts;
    }

    /// <summary>One more token for each row.</summary>
    private void Step()
    {
        using var scope = NewDisposeScope();
        long[] last = [.. _present.Select(row => row.IsDone ? 0L : row.Tokens[^1])]; // a finished row that is still here is fed token 0
        using var tokens = tensor(last, device: _model.Device);
        _distribution.Append(tokens);
        using Tensor output = _decoding!.Append(tokens);
        var probabilities = _distribution.Probabilities(output).to(ScalarType.Float32).cpu().contiguous().Elements<float>(); // [present, V]
        for (int i = 0; i < _present.Count; i++)
        {
            _present[i].Read++;
            if (!_present[i].IsDone)
                Draw(_present[i], probabilities.Slice(i * _model.VocabularySize, _model.VocabularySize));
        }
    }

    private void Draw(DrawnRow row, ReadOnlySpan<float> probabilities)
    {
        int token = InverseCdf.Draw(probabilities, row.Plan.Random.Uniform(row.Tokens.Count));
        if (token < 0)
            throw new ArithmeticException($"{_model.Module.GetName()} returned logits that are no distribution (NaN or infinity) for token " +
                $"{row.Tokens.Count} of completion {row.Plan.Slot}: its weights have probably diverged.");
        row.Tokens.Add(token);
        row.IsDone = _isStop[token] || row.Tokens.Count == _options.MaxNewTokens;
        if (row.IsDone)
            _finished(row.Plan, row.Tokens);
    }

    /// <summary>
    /// Takes finished rows out where others wait. Where none does, not before a quarter has finished, so that few shapes of matrices are met,
    /// and never later than they could be fed.
    /// </summary>
    private void Drop()
    {
        int alive = _present.Count(row => !row.IsDone);
        if (alive == _present.Count || (alive == 0 && _next == _rows.Count))
            return;
        if (_next == _rows.Count && alive >= CompactionThreshold * _present.Count && _present.TrueForAll(row => row.Read < _options.MaxNewTokens - 1 || !row.IsDone))
            return;
        int[] kept = [.. Enumerable.Range(0, _present.Count).Where(i => !_present[i].IsDone)];
        _decoding!.SelectRows(kept);
        _distribution.SelectRows(kept);
        _present = [.. kept.Select(i => _present[i])];
    }
}
