using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>
/// The law of F at the end of an answer, from a prefix and from a prefix with its next token: with h what the output layer of the reference
/// reads there,
/// units u(a) = D[a] + U relu(A h + P[previous] + E[a]) whose running sums c carry what the reference need not remember, p(. | s) from h, c
/// and the previous token,
/// p(. | s, a) from h, c + u(a) and a. Each law has one hidden layer, or more, each then added to the one before it.
/// </summary>
/// <remarks>It starts at the reference's own law, whose value is that of the reference for every weight. Thread-safe while nothing trains
/// it.</remarks>
internal sealed class ValueNetwork : nn.Module
{
    private readonly Parameter unit_hidden,
        unit_previous,
        unit_token,
        unit_direct,
        unit_out;
    private readonly Parameter state_hidden,
        state_previous,
        state_sums,
        state_bias,
        state_out,
        state_law;
    private readonly Parameter token_hidden,
        token_token,
        token_sums,
        token_bias,
        token_out,
        token_law;
    private readonly Parameter? state_deeper,
        state_deeper_bias,
        token_deeper,
        token_deeper_bias; // [layers - 1, W, W], [layers - 1, W]

    public ValueNetwork(int hidden, int vocabulary, ValueHeadOptions options, RankBins bins)
        : base(nameof(ValueNetwork))
    {
        (int width, int sums) = (options.Width, options.Sums);
        int stream = 0;
        using var scope = NewDisposeScope();
        unit_hidden = Normal(1, width, hidden);
        unit_previous = Normal(0, vocabulary, width);
        unit_token = Normal(0, vocabulary, width);
        unit_direct = Kept(zeros(vocabulary, sums));
        unit_out = Kept(zeros(sums, width));
        state_hidden = Normal(1, width, hidden);
        state_previous = Normal(0, vocabulary, width);
        state_sums = Normal(1, width, sums);
        state_bias = Zeros(width);
        state_out = Zeros(bins.Count, width);
        state_law = Law();
        token_hidden = Normal(1, width, hidden);
        token_token = Normal(0, vocabulary, width);
        token_sums = Normal(1, width, sums);
        token_bias = Zeros(width);
        token_out = Zeros(bins.Count, width);
        token_law = Law();
        if (options.Layers > 1)
        {
            state_deeper = Deeper();
            state_deeper_bias = Zeros(options.Layers - 1, width);
            token_deeper = Deeper();
            token_deeper_bias = Zeros(options.Layers - 1, width);
        }

        RegisterComponents();

        Parameter Law() => Kept(tensor(bins.LogWidths()));
        Parameter Deeper()
        {
            using Parameter flat = Normal(1, (options.Layers - 1) * width, width);
            return Kept(flat.detach().clone().view(options.Layers - 1, width, width));
        }

        Parameter Zeros(params long[] shape) => Kept(zeros(shape));

        // Matrices by 1 / sqrt(inputs), tables by 0.3.
        Parameter Normal(int isMatrix, int rows, int columns)
        {
            double scale = isMatrix == 1 ? 1 / Math.Sqrt(columns) : 0.3;
            var random = new CounterRandom(new DrawSeed(options.Seed, DrawPurpose.Resampling), "value head", stream++);
            float[] values = new float[(long)rows * columns];
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(scale * random.Normal(i));
            return Kept(tensor(values, [rows, columns]));
        }

        static Parameter Kept(Tensor values)
        {
            using (values)
            {
                var parameter = new Parameter(values, requires_grad: true);
                parameter.DetachFromDisposeScope();
                return parameter;
            }
        }
    }

    /// <summary>How many weights a network has.</summary>
    public static long Weights(long hidden, long vocabulary, long width, long sums, long bins, long layers) =>
        checked(
            (width * ((3 * hidden) + (4 * vocabulary) + (3 * sums) + (2 * bins) + 2))
            + (vocabulary * sums)
            + (2 * bins)
            + (2 * (layers - 1) * width * (width + 1))
        );

    /// <summary>What units see of a prefix before the token is known: [..., W] of h [..., C] and previous tokens [...].</summary>
    public Tensor UnitBase(Tensor hidden, Tensor previous) => nn.functional.linear(hidden, unit_hidden).Plus(Rows(unit_previous, previous));

    /// <summary>u(a), [..., U], of what units see and tokens [...].</summary>
    public Tensor Units(Tensor unitBase, Tensor tokens) =>
        nn.functional.linear(nn.functional.relu(unitBase.Plus(Rows(unit_token, tokens))), unit_out).Plus(Rows(unit_direct, tokens));

    /// <summary>log p(. | s), [..., B], from h [..., C], running sums [..., U] and previous tokens [...].</summary>
    public Tensor StateLaw(Tensor hidden, Tensor sums, Tensor previous)
    {
        var inner = nn
            .functional.linear(hidden, state_hidden, state_bias)
            .Plus(nn.functional.linear(sums, state_sums))
            .Plus(Rows(state_previous, previous));
        return nn.functional.log_softmax(nn.functional.linear(Layers(inner, state_deeper, state_deeper_bias), state_out, state_law), -1);
    }

    /// <summary>What the token's law sees of a prefix before the token is known, [..., W].</summary>
    public Tensor TokenBase(Tensor hidden) => nn.functional.linear(hidden, token_hidden, token_bias);

    /// <summary>log p(. | s, a), [..., B], from its base, running sums with u(a) in them [..., U] and tokens [...].</summary>
    public Tensor TokenLaw(Tensor tokenBase, Tensor sums, Tensor tokens)
    {
        var inner = tokenBase.Plus(nn.functional.linear(sums, token_sums)).Plus(Rows(token_token, tokens));
        return nn.functional.log_softmax(nn.functional.linear(Layers(inner, token_deeper, token_deeper_bias), token_out, token_law), -1);
    }

    private static Tensor Layers(Tensor inner, Parameter? weights, Parameter? biases)
    {
        var layer = nn.functional.relu(inner);
        for (long i = 0; i < (weights?.size(0) ?? 0); i++)
            layer = layer.Plus(nn.functional.relu(nn.functional.linear(layer, weights!.select(0, i), biases!.select(0, i))));
        return layer;
    }

    private static Tensor Rows(Tensor table, Tensor tokens) =>
        table.index_select(0, tokens.reshape(-1)).reshape([.. tokens.shape, table.size(1)]);
}
