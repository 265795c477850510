using TorchSharp;
using VariationalBoN.Numerics;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What a policy says of completions, token by token where it tells that. Immutable, thread-safe.</summary>
internal sealed class CopyLogProbs
{
    private readonly double[][] _values; // of each completion those of its tokens, or their sum alone
    private readonly int[] _tokens;

    private CopyLogProbs(double[][] values, int[] tokens, bool isByToken) => (_values, _tokens, IsByToken) = (values, tokens, isByToken);

    /// <summary>log p of each completion; -infinity of one that has a token which the policy leaves out.</summary>
    public double[] Sums => [.. _values.Select(values => values.Sum())];

    private bool IsByToken { get; }

    /// <summary>What a policy says.</summary>
    public static CopyLogProbs Of(IPolicy policy, IReadOnlyList<Completion> completions)
    {
        int[] lengths = [.. completions.Select(completion => completion.Tokens.Length)];
        if (policy is not ITokenPolicy tokens)
            return new([.. policy.LogProbValues(completions).Select(value => (double[])[value])], lengths, isByToken: false);
        TorchRuntime.Require();
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.Tensor all = tokens.TokenLogProb(completions).cpu(); // [B, T]
        double[] flat = all.contiguous().data<double>().ToArray();
        int width = (int)all.size(1);
        return new([.. lengths.Select((length, i) => flat[(i * width)..((i * width) + length)])], lengths, isByToken: true);
    }

    /// <summary>The mean of log p_server - log p a token, over what a server tells and the policy does not leave out;
    /// NaN where there is nothing.</summary>
    /// <param name="said">What the server says of each token; NaN where nothing.</param>
    public double Difference(double[][] said) => Mean(said, difference => difference);

    /// <summary>The mean of the distance between the two, a token or, where the policy tells no more, a completion.</summary>
    /// <inheritdoc cref="Difference"/>
    public double Distance(double[][] said) => Mean(said, Math.Abs);

    /// <summary>log of a likelihood ratio to another over the completions that the other does not leave out, whose mean over draws of the
    /// other is 1: the mean of that of p and that of 0.5 p + 0.5 p_other token by token.</summary>
    /// <remarks>p is the sharper where the draws are of p; the mixture is not made 0 by one draw that p leaves out,
    /// as draws of a distribution between the two have.</remarks>
    public double LogRatio(CopyLogProbs other)
    {
        double plain = 0,
            mixed = 0;
        for (int i = 0; i < _values.Length; i++)
        {
            if (other._values[i].Any(double.IsNegativeInfinity))
                continue;
            foreach ((double here, double there) in _values[i].Zip(other._values[i]))
            {
                plain += here - there;
                mixed += LogMath.LogAddExp(here - there, 0) - Math.Log(2);
            }
        }

        return LogMath.LogAddExp(plain, mixed) - Math.Log(2);
    }

    private double Mean(double[][] said, Func<double, double> of)
    {
        double sum = 0;
        int tokens = 0;
        for (int i = 0; i < _values.Length; i++)
        {
            double[] server = IsByToken ? said[i] : [said[i].Sum()];
            for (int t = 0; t < server.Length; t++)
            {
                if (double.IsNaN(server[t]) || double.IsNegativeInfinity(_values[i][t]))
                    continue;
                sum += of(server[t] - _values[i][t]);
                tokens += IsByToken ? 1 : _tokens[i];
            }
        }

        return tokens == 0 ? double.NaN : sum / tokens;
    }
}
