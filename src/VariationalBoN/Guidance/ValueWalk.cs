using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The walk of a learned head: state and last tokens of the rows,
/// and all of their tokens where numbers of prefixes are read.</summary>
internal sealed class ValueWalk : IPrefixWalk
{
    private readonly ValueNetwork _network;
    private readonly LayerStates _states;
    private readonly Tensor _logWeights; // [B]
    private readonly PrefixNumbers? _numbers;
    private AnswerPrefix[] _answers; // without tokens where no numbers are read
    private Tensor _state,
        _previous; // [R, U], [R]
    private Tensor[]? _unitBases; // [R, W] each, from the last values on

    public ValueWalk(
        ValueNetwork network,
        LayerStates states,
        PrefixNumbers? numbers,
        IReadOnlyList<Prompt> prompts,
        IReadOnlyList<IReadOnlyList<int>> promptTokens,
        int sums,
        float[] logWeights,
        Device device
    )
    {
        (_network, _states, _numbers) = (network, states, numbers);
        _answers = numbers is null ? [] : [.. prompts.Select(prompt => new AnswerPrefix(prompt, []))];
        _logWeights = tensor(logWeights, device: device).DetachFromDisposeScope();
        _state = zeros([promptTokens.Count, sums], ScalarType.Float32, device).DetachFromDisposeScope();
        _previous = tensor([.. promptTokens.Select(tokens => (long)tokens[^1])], device: device).DetachFromDisposeScope();
    }

    /// <summary>Whether a function of the user's is asked about every row.</summary>
    public bool ReadsNumbers => _numbers is not null;

    public PrefixValues Values(Tensor? hidden, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var read = PrefixNumbers.Beside(_numbers, _states.Of(hidden), () => _answers); // [R, C]
        var unitBases = _network.UnitBases(read, _previous, _state);
        var law = _network.StateLaw(read, _state, _previous); // [R, B]
        var after = _network.After([.. unitBases.Select(seen => seen.unsqueeze(1))], _state.unsqueeze(1), tokens); // [R, k, U]
        var laws = _network.TokenLaw(_network.TokenBase(read).unsqueeze(1), after, tokens); // [R, k, B]
        Forget();
        _unitBases = Array.ConvertAll(unitBases, seen => seen.DetachFromDisposeScope());
        return new PrefixValues(
            law.Plus(_logWeights).logsumexp(-1).MoveToOuterDisposeScope(),
            laws.Plus(_logWeights).logsumexp(-1).MoveToOuterDisposeScope()
        );
    }

    public void SelectRows(ReadOnlySpan<int> rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(Array.ConvertAll(rows.ToArray(), row => (long)row), device: _state.device);
        Replace(ref _state, _state.index_select(0, index));
        Replace(ref _previous, _previous.index_select(0, index));
        for (int stage = 0; stage < (_unitBases?.Length ?? 0); stage++)
            Replace(ref _unitBases![stage], _unitBases[stage].index_select(0, index));
        if (_numbers is not null)
            _answers = Array.ConvertAll(rows.ToArray(), row => _answers[row]);
    }

    public void Append(Tensor tokens)
    {
        if (_unitBases is null)
            throw new InvalidOperationException("Values of a position must be asked for before a token is appended to it.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Replace(ref _state, _network.After(_unitBases, _state, tokens));
        Replace(ref _previous, tokens.clone());
        Forget();
        if (_numbers is null)
            return;
        long[] appended = tokens.cpu().data<long>().ToArray();
        _answers = [.. _answers.Select((answer, row) => answer with { Tokens = [.. answer.Tokens, (int)appended[row]] })];
    }

    public void Dispose()
    {
        _logWeights.Dispose();
        _state.Dispose();
        _previous.Dispose();
        Forget();
    }

    private void Forget()
    {
        foreach (Tensor seen in _unitBases ?? [])
            seen.Dispose();
        _unitBases = null;
    }

    private static void Replace(ref Tensor kept, Tensor now)
    {
        kept.Dispose();
        kept = now.DetachFromDisposeScope();
    }
}
