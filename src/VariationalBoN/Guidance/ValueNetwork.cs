using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>
/// The distribution of F at the end of an answer, from a prefix and from a prefix with its next token. With h what the head reads of the
/// prefix (the hidden states of the reference, and features where there are any) and c the state that carries what the reference need not
/// remember (<see cref="ValueUnits"/>): p(. | s) from h, c and the previous token, p(. | s, a) from h, the state after a, and a. Each of
/// the two has one hidden layer, or more, each then added to the one before it.
/// </summary>
/// <remarks>It starts at the reference's own distribution, whose value is that of the reference for every weight.
/// Thread-safe while nothing trains it.</remarks>
internal sealed class ValueNetwork : nn.Module
{
    private readonly ValueUnits[] _stages;
    private readonly Law _state,
        _token;

    public ValueNetwork(int hidden, int vocabulary, ValueHeadOptions options, RankBins bins)
        : base(nameof(ValueNetwork))
    {
        var parameters = new ValueParameters(register_parameter, options.Seed);
        var first = new ValueUnits("unit", hidden, vocabulary, below: 0, options, parameters);
        _state = new Law("state", "previous", hidden, vocabulary, options, bins, parameters);
        _token = new Law("token", "token", hidden, vocabulary, options, bins, parameters);
        _stages = options.Stages == 1 ? [first] : [first, new ValueUnits("second", hidden, vocabulary, options.State, options, parameters)];
    }

    /// <summary>How many weights a network has.</summary>
    public static long Weights(long hidden, long vocabulary, ValueHeadOptions options)
    {
        long width = options.Width,
            state = options.State,
            layers = options.Layers - 1;
        long law = checked(
            (width * (hidden + vocabulary + (state * options.Stages) + options.Bins + 1)) + options.Bins + (layers * width * (width + 1))
        );
        return checked((2 * law) + Units(0) + (options.Stages == 1 ? 0 : Units(state)));

        long Units(long below) => ValueUnits.Weights(hidden, vocabulary, width, options.Sums, options.Forgetting, below);
    }

    /// <summary>The rows [..., X] of a table that tokens [...] name.</summary>
    public static Tensor Rows(Tensor table, Tensor tokens) =>
        table.index_select(0, tokens.reshape(-1)).reshape([.. tokens.shape, table.size(1)]);

    /// <summary>What the stages see of prefixes before the token is known, of h [R, C], previous tokens [R], the state [R, U].</summary>
    public Tensor[] UnitBases(Tensor hidden, Tensor previous, Tensor state) =>
        [.. _stages.Select((stage, i) => stage.Base(hidden, previous, i == 0 ? null : Part(state, i - 1)))];

    /// <summary>The state after tokens, [..., U], of the state before them and what the stages see, broadcast.</summary>
    public Tensor After(Tensor[] bases, Tensor state, Tensor tokens)
    {
        Tensor[] parts = [.. _stages.Select((stage, i) => stage.After(Part(state, i), stage.Of(bases[i], tokens)))];
        return parts.Length == 1 ? parts[0] : cat(parts, -1);
    }

    /// <summary>The states before and after each token of packed rows, [P, U].</summary>
    public (Tensor Before, Tensor After) Along(PackedRows rows, Tensor hidden)
    {
        var states = new List<(Tensor Before, Tensor After)>();
        foreach (ValueUnits stage in _stages)
        {
            var seen = stage.Base(hidden, rows.Previous, states.Count == 0 ? null : states[^1].Before);
            states.Add(stage.Along(rows, stage.Of(seen, rows.Tokens)));
        }

        return states.Count == 1 ? states[0] : (cat([.. states.Select(s => s.Before)], -1), cat([.. states.Select(s => s.After)], -1));
    }

    /// <summary>log p(. | s), [..., B], from h [..., C], the state [..., U] and previous tokens [...].</summary>
    public Tensor StateLaw(Tensor hidden, Tensor state, Tensor previous) => _state.Of(_state.Base(hidden), state, previous);

    /// <summary>What the token's law sees of a prefix before the token is known, [..., W].</summary>
    public Tensor TokenBase(Tensor hidden) => _token.Base(hidden);

    /// <summary>log p(. | s, a), [..., B], from its base, the state after a [..., U] and tokens [...].</summary>
    public Tensor TokenLaw(Tensor tokenBase, Tensor state, Tensor tokens) => _token.Of(tokenBase, state, tokens);

    private Tensor Part(Tensor state, int stage)
    {
        long each = state.size(-1) / _stages.Length;
        return _stages.Length == 1 ? state : state.narrow(-1, stage * each, each);
    }

    /// <summary>log softmax(O relu(H h + b + S c + T[a]) + o), with more hidden layers where there are.</summary>
    private sealed class Law
    {
        private readonly Parameter _hidden,
            _table,
            _sums,
            _bias,
            _out,
            _law;
        private readonly Parameter? _deeper,
            _deeperBias; // [layers - 1, W, W], [layers - 1, W]

        public Law(
            string name,
            string table,
            int hidden,
            int vocabulary,
            ValueHeadOptions options,
            RankBins bins,
            ValueParameters parameters
        )
        {
            int width = options.Width;
            _hidden = parameters.Matrix($"{name}_hidden", width, hidden);
            _table = parameters.Table($"{name}_{table}", vocabulary, width);
            _sums = parameters.Matrix($"{name}_sums", width, options.State * options.Stages);
            _bias = parameters.Zeros($"{name}_bias", width);
            _out = parameters.Zeros($"{name}_out", bins.Count, width);
            _law = parameters.Of($"{name}_law", bins.LogWidths());
            if (options.Layers > 1)
            {
                _deeper = parameters.Matrices($"{name}_deeper", options.Layers - 1, width);
                _deeperBias = parameters.Zeros($"{name}_deeper_bias", options.Layers - 1, width);
            }
        }

        public Tensor Base(Tensor hidden) => nn.functional.linear(hidden, _hidden, _bias);

        public Tensor Of(Tensor seen, Tensor state, Tensor tokens)
        {
            var layer = nn.functional.relu(seen.Plus(nn.functional.linear(state, _sums)).Plus(Rows(_table, tokens)));
            for (long i = 0; i < (_deeper?.size(0) ?? 0); i++)
                layer = layer.Plus(nn.functional.relu(nn.functional.linear(layer, _deeper!.select(0, i), _deeperBias!.select(0, i))));
            return nn.functional.log_softmax(nn.functional.linear(layer, _out, _law), -1);
        }
    }
}
