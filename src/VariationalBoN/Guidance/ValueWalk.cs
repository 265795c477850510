using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The walk of a learned head: running sums and last tokens of the rows.</summary>
internal sealed class ValueWalk : IPrefixWalk
{
    private readonly ValueNetwork _network;
    private readonly Tensor _logWeights; // [B]
    private Tensor _sums,
        _previous; // [R, U], [R]
    private Tensor? _unitBase; // [R, W], from the last values on

    public ValueWalk(ValueNetwork network, IReadOnlyList<IReadOnlyList<int>> promptTokens, int sums, float[] logWeights, Device device)
    {
        _network = network;
        _logWeights = tensor(logWeights, device: device).DetachFromDisposeScope();
        _sums = zeros([promptTokens.Count, sums], ScalarType.Float32, device).DetachFromDisposeScope();
        _previous = tensor([.. promptTokens.Select(tokens => (long)tokens[^1])], device: device).DetachFromDisposeScope();
    }

    public PrefixValues Values(Tensor? hidden, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var wide = hidden.to(ScalarType.Float32); // [R, C]
        var unitBase = _network.UnitBase(wide, _previous); // [R, W]
        var state = _network.StateLaw(wide, _sums, _previous); // [R, B]
        var after = _sums.unsqueeze(1).Plus(_network.Units(unitBase.unsqueeze(1), tokens)); // [R, k, U]
        var law = _network.TokenLaw(_network.TokenBase(wide).unsqueeze(1), after, tokens); // [R, k, B]
        Replace(ref _unitBase, unitBase);
        return new PrefixValues(
            state.Plus(_logWeights).logsumexp(-1).MoveToOuterDisposeScope(),
            law.Plus(_logWeights).logsumexp(-1).MoveToOuterDisposeScope()
        );
    }

    public void SelectRows(ReadOnlySpan<int> rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(Array.ConvertAll(rows.ToArray(), row => (long)row), device: _sums.device);
        Replace(ref _sums!, _sums.index_select(0, index));
        Replace(ref _previous!, _previous.index_select(0, index));
        if (_unitBase is not null)
            Replace(ref _unitBase, _unitBase.index_select(0, index));
    }

    public void Append(Tensor tokens)
    {
        if (_unitBase is null)
            throw new InvalidOperationException("Values of a position must be asked for before a token is appended to it.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Replace(ref _sums!, _sums.Plus(_network.Units(_unitBase, tokens)));
        Replace(ref _previous!, tokens.clone());
        _unitBase.Dispose();
        _unitBase = null;
    }

    public void Dispose()
    {
        _logWeights.Dispose();
        _sums.Dispose();
        _previous.Dispose();
        _unitBase?.Dispose();
    }

    private static void Replace(ref Tensor? kept, Tensor now)
    {
        kept?.Dispose();
        kept = now.DetachFromDisposeScope();
    }
}
