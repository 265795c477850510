using System.Collections.Immutable;
using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>pi(a | s) proportional to pi_ref(a | s) exp Q(s, a), step by step;
/// tokens outside the top k share what the prefix leaves.</summary>
internal sealed class GuidedDistribution(
    CausalModel model,
    NextTokenDistribution distribution,
    GenerationOptions generation,
    IPrefixWalk walk,
    bool hiddenStates,
    ImmutableArray<int> layers,
    GuidanceOptions options,
    double logLargest
) : StepDistribution(model, distribution, generation)
{
    /// <summary>log pi of every token, [R, V] float64, of logits [R, V] and
    /// hidden states [R, C (1 + layers)] at the ends of the rows.</summary>
    internal Tensor LogProbs(Tensor logits, Tensor? hidden)
    {
        using var scope = NewDisposeScope();
        Tensor reference = Distribution.LogProbs(logits.to(ScalarType.Float64)),
            guided; // [R, V]
        if (options.TopTokens >= reference.size(1))
        {
            var all = HeldArithmetic.Counted(reference.size(1), reference.device).expand(reference.size(0), -1); // [R, V]
            guided = reference.Plus(Values(hidden, all).Tokens);
        }
        else
            guided = WithRest(reference, hidden);
        return nn.functional.log_softmax(guided, -1).MoveToOuterDisposeScope();
    }

    internal override IDecoding Start(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        int additionalTokens,
        IDecoding? beside,
        out Tensor output
    ) =>
        hiddenStates
            ? Model.StartHiddenDecoding(prompts, additionalTokens, layers, out output)
            : base.Start(prompts, additionalTokens, beside, out output);

    internal override Tensor Probabilities(Tensor output)
    {
        using var scope = NewDisposeScope();
        var logits = hiddenStates ? Model.LogitsOf(output, layers).InOneType().Rows(0, output.size(0)) : output;
        return LogProbs(logits, hiddenStates ? output : null).exp().MoveToOuterDisposeScope();
    }

    internal override bool DropsEndedAtOnce => walk is ValueWalk { ReadsNumbers: true };

    internal override void SelectRows(ReadOnlySpan<int> rows) => walk.SelectRows(rows);

    internal override void Append(Tensor tokens) => walk.Append(tokens);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            walk.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>
    /// log pi_ref + Q for the top k; for the others log pi_ref + log r, with r = (e^V - sum over the top of pi_ref e^Q) / pi_ref(others)
    /// kept between the least
    /// and the most part of e^V, and below the largest weight there is.
    /// </summary>
    private Tensor WithRest(Tensor reference, Tensor? hidden)
    {
        (Tensor top, Tensor tokens) = reference.topk(options.TopTokens); // [R, k]
        PrefixValues values = Values(hidden, tokens);
        Tensor weighted = top.Plus(values.Tokens),
            prefix = values.Prefix.unsqueeze(1); // [R, k], [R, 1]
        using Scalar none = double.NegativeInfinity;
        var others = reference.scatter(1, tokens, full_like(top, none)).logsumexp(1, keepdim: true); // [R, 1]
        var left = (weighted.logsumexp(1, keepdim: true) - prefix).exp().neg().Plus(1).AtLeast(1e-300).log(); // log(1 - sum / e^V)
        var rest = (left - others).AtLeast(Math.Log(options.LeastRest)).AtMost(Math.Log(options.MostRest)).Plus(prefix).AtMost(logLargest);
        return reference.Plus(rest).scatter(1, tokens, weighted);
    }

    private PrefixValues Values(Tensor? hidden, Tensor tokens)
    {
        PrefixValues values = walk.Values(hidden, tokens);
        return new PrefixValues(values.Prefix.to(ScalarType.Float64), values.Tokens.to(ScalarType.Float64));
    }
}
