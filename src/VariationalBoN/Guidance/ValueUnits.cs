using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>
/// What a learned head keeps of an answer, a state c that each token changes: c' = g c + u(a), with units and gates from
/// D[a] + O relu(A h + P[previous] + E[a] + S b). g is 1 but for the last of them, those that forget, where it is sigmoid(bias + what a
/// token says). b is the state of the stage below before the token, where there is one.
/// </summary>
/// <remarks>Owned by its network, whose parameters these are.</remarks>
internal sealed class ValueUnits
{
    private const double MostKept = 5; // sigmoid(5) = 0.993: sums begin with memories of 2 to 150 tokens
    private readonly Parameter _hidden,
        _previous,
        _token,
        _direct,
        _out;
    private readonly Parameter? _below,
        _gates;
    private readonly long _plain,
        _forgetting;

    public ValueUnits(string name, int hidden, int vocabulary, int below, ValueHeadOptions options, ValueParameters parameters)
    {
        (_plain, _forgetting) = (options.Sums, options.Forgetting);
        int outputs = options.Sums + (2 * options.Forgetting); // a gate for each that forgets
        _hidden = parameters.Matrix($"{name}_hidden", options.Width, hidden);
        _previous = parameters.Table($"{name}_previous", vocabulary, options.Width);
        _token = parameters.Table($"{name}_token", vocabulary, options.Width);
        _direct = parameters.Zeros($"{name}_direct", vocabulary, outputs);
        _out = parameters.Zeros($"{name}_out", outputs, options.Width);
        if (_forgetting > 0)
            _gates = parameters.Of(
                $"{name}_gates",
                [.. Enumerable.Range(1, options.Forgetting).Select(i => (float)(MostKept * i / options.Forgetting))]
            );
        if (below > 0)
            _below = parameters.Matrix($"{name}_below", options.Width, below);
    }

    /// <summary>How many weights a stage has.</summary>
    public static long Weights(long hidden, long vocabulary, long width, long sums, long forgetting, long below) =>
        checked(
            (width * (hidden + (2 * vocabulary) + sums + (2 * forgetting) + below)) + (vocabulary * (sums + (2 * forgetting))) + forgetting
        );

    /// <summary>What units see of a prefix before the token is known:
    /// [..., W] of h [..., C], previous tokens [...] and the state below [..., U].</summary>
    public Tensor Base(Tensor hidden, Tensor previous, Tensor? below)
    {
        var seen = nn.functional.linear(hidden, _hidden).Plus(ValueNetwork.Rows(_previous, previous));
        return _below is null ? seen : seen.Plus(nn.functional.linear(below!, _below));
    }

    /// <summary>What tokens [...] say, [..., U + gates], of what units see.</summary>
    public Tensor Of(Tensor seen, Tensor tokens) =>
        nn
            .functional.linear(nn.functional.relu(seen.Plus(ValueNetwork.Rows(_token, tokens))), _out)
            .Plus(ValueNetwork.Rows(_direct, tokens));

    /// <summary>The state after tokens, [..., U], of the state before them and what they say.</summary>
    public Tensor After(Tensor before, Tensor said)
    {
        if (_gates is null)
            return before.Plus(said);
        var plain = before.narrow(-1, 0, _plain).Plus(said.narrow(-1, 0, _plain));
        var forgetting = (before.narrow(-1, _plain, _forgetting) * Gates(said)).Plus(said.narrow(-1, _plain, _forgetting));
        return cat([plain, forgetting], -1);
    }

    /// <summary>The states before and after each token of packed rows, [P, U] each, from the start of each row.</summary>
    public (Tensor Before, Tensor After) Along(PackedRows rows, Tensor said)
    {
        var padded = rows.Pad(said); // [b, T, U + gates]
        Tensor after; // [b, T, U]
        if (_gates is null)
            after = padded.cumsum(1);
        else
        {
            var plain = padded.narrow(2, 0, _plain).cumsum(1);
            var forgetting = Scan(padded.narrow(2, _plain, _forgetting), Gates(padded));
            after = cat([plain, forgetting], 2);
        }

        var before = cat([zeros_like(after.narrow(1, 0, 1)), after.narrow(1, 0, rows.Length - 1)], 1);
        return (rows.Pack(before), rows.Pack(after));
    }

    private Tensor Gates(Tensor said) => said.narrow(-1, _plain + _forgetting, _forgetting).Plus(_gates!).sigmoid();

    /// <summary>c_t = g_t c_(t - 1) + u_t along [b, T, G] by doubling: log2 T passes, and no product of gates leaves [0, 1].</summary>
    private static Tensor Scan(Tensor units, Tensor gates)
    {
        long length = units.size(1);
        for (long step = 1; step < length; step *= 2)
        {
            var nothing = zeros_like(units.narrow(1, 0, step));
            var earlier = cat([nothing, units.narrow(1, 0, length - step)], 1);
            units = units.Plus(gates * earlier);
            if (2 * step < length)
                gates = gates * cat([nothing, gates.narrow(1, 0, length - step)], 1);
        }

        return units;
    }
}
