using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// Draws the completions of one unit, token by token: prompts are read in groups, once each, and as rows finish, waiting ones take their
/// places. A row's first token is drawn from what its prompt was read with, so that it enters a step as any other row.
/// </summary>
internal sealed class UnitSampler : IDisposable
{
    private const double CompactionThreshold = 0.75; // of the last rows, when none is waiting
    private const int GroupsPerBatch = 4; // prompts that are read ahead, as a part of the rows

    private readonly CausalModel _model;
    private readonly GenerationOptions _options;
    private readonly EndRule _end;
    private readonly StepDistribution _distribution;
    private readonly IReadOnlyList<PlannedRow> _planned;
    private readonly IReadOnlyList<IReadOnlyList<int>> _promptTokens;
    private readonly Action<PlannedRow, List<int>> _finished;
    private readonly List<(DrawnRow Row, int Place)> _entering = []; // with the place of its prompt in _waiting
    private readonly DrawnRows _rows;
    private int _next;
    private ReadPrompts? _waiting;

    /// <summary>The sampler of some rows; those of one prompt stand together.</summary>
    internal UnitSampler(
        CausalModel model,
        GenerationOptions options,
        EndRule end,
        StepDistribution distribution,
        IReadOnlyList<PlannedRow> planned,
        IReadOnlyList<IReadOnlyList<int>> promptTokens,
        Action<PlannedRow, List<int>> finished
    )
    {
        (_model, _options, _end, _distribution) = (model, options, end, distribution);
        (_planned, _promptTokens, _finished) = (planned, promptTokens, finished);
        _rows = new DrawnRows(model, distribution);
    }

    /// <summary>Draws them all, and hands each on when it has ended.</summary>
    internal void Run(CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        while (true)
        {
            Admit(cancellationToken);
            if (_rows.All.All(row => row.IsDone))
                return;
            cancellationToken.ThrowIfCancellationRequested();
            _rows.Step();
            Drop();
        }
    }

    public void Dispose()
    {
        _waiting?.Dispose();
        _rows.Dispose();
    }

    /// <summary>Gives free places to waiting rows. One whose first token ends it takes none.</summary>
    private void Admit(CancellationToken cancellationToken)
    {
        while (_next < _planned.Count && _rows.All.Count + _entering.Count < _options.RowsPerBatch)
        {
            if (_waiting?.Place(_planned[_next].Prompt) is not int place)
            {
                Enter();
                cancellationToken.ThrowIfCancellationRequested();
                _waiting?.Dispose();
                _waiting = null;
                _waiting = new ReadPrompts(
                    _distribution,
                    NextPrompts(),
                    _promptTokens,
                    _options.MaxNewTokens - 1,
                    _model.VocabularySize,
                    _rows.Decoding
                );
                continue;
            }

            var row = new Row(_model, _end, _planned[_next++], _finished);
            row.Draw(_waiting.Probabilities(place));
            if (!row.IsDone)
                _entering.Add((row, place));
        }

        Enter();
        if (_next == _planned.Count)
        {
            _waiting?.Dispose();
            _waiting = null;
        }
    }

    private void Enter()
    {
        if (_entering.Count > 0)
            _rows.Enter(_waiting!, _entering);
        _entering.Clear();
    }

    /// <summary>The prompts that the free places need, and some more.</summary>
    private List<int> NextPrompts()
    {
        int free = _options.RowsPerBatch - _rows.All.Count,
            most = Math.Max(1, _options.RowsPerBatch / GroupsPerBatch);
        var prompts = new List<int>();
        for (int i = _next; i < _planned.Count && (i < _next + free || prompts.Count < most); i++)
        {
            if (prompts.Count == 0 || prompts[^1] != _planned[i].Prompt)
                prompts.Add(_planned[i].Prompt);
        }

        return prompts;
    }

    /// <summary>
    /// Takes finished rows out where others wait. Where none does, not before a quarter has finished,
    /// so that few shapes of matrices are met, and never later than they could be fed.
    /// </summary>
    private void Drop()
    {
        int alive = _rows.All.Count(row => !row.IsDone),
            present = _rows.All.Count;
        if (_next == _planned.Count)
        {
            bool canStay =
                !_distribution.DropsEndedAtOnce
                && alive >= CompactionThreshold * present
                && _rows.All.All(row => row.Read < _options.MaxNewTokens - 1 || !row.IsDone);
            if (alive == 0 || canStay)
                return;
        }

        _rows.DropDone();
    }

    private sealed class Row(CausalModel model, EndRule end, PlannedRow plan, Action<PlannedRow, List<int>> finished)
        : DrawnRow(model, end, plan.Random)
    {
        protected override string Name => $"completion {plan.Slot}";

        internal override void Draw(ReadOnlySpan<float> probabilities)
        {
            base.Draw(probabilities);
            if (IsDone)
                finished(plan, Tokens);
        }
    }
}
