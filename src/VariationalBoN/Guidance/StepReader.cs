using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The next-token distributions of a policy along completions that are there:
/// one pass of its model, then step by step. Not thread-safe; owns its walk alone.</summary>
internal sealed class StepReader : IDisposable
{
    private readonly CausalLmPolicy _policy;
    private readonly PositionLogits _logits;
    private readonly GuidedDistribution? _guided; // null for a policy that is not guided
    private readonly bool _hiddenStates; // whether the values read them

    /// <summary>Reads a policy along the completions of a batch.</summary>
    public StepReader(CausalLmPolicy policy, SequenceBatch batch, GuidedDistribution? guided, IPrefixValue? value)
    {
        (_policy, _guided, _hiddenStates) = (policy, guided, value?.NeedsHiddenStates ?? false);
        Device device = policy.Model.Device;
        _logits = policy.Model.LogitsAt(batch.Tokens.to(device), batch.Positions.to(device), value?.ReferenceLayers ?? []).InOneType();
    }

    /// <summary>log pi(. | s), [R, V] float64, at R of the drawn tokens of the batch, int64 [R].</summary>
    public Tensor LogProbs(Tensor index)
    {
        using var scope = NewDisposeScope();
        index = index.to(_policy.Model.Device);
        var logits = _logits.At(index);
        return (
            _guided?.LogProbs(logits, _hiddenStates ? _logits.Told!.index_select(0, index) : null)
            ?? _policy.Distribution.LogProbs(logits.to(ScalarType.Float64))
        ).MoveToOuterDisposeScope();
    }

    /// <summary>Goes on with the first rows, by the tokens that they were drawn with.</summary>
    public void Append(int rows, bool fewer, Tensor tokens)
    {
        if (_guided is null)
            return;
        if (fewer)
            _guided.SelectRows([.. Enumerable.Range(0, rows)]);
        _guided.Append(tokens.to(_policy.Model.Device));
    }

    public void Dispose() => _guided?.Dispose();
}
