using TorchSharp;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>sum_t KL(pi(. | x, y_&lt;t) || pi_ref(. | x, y_&lt;t)) of completions,
/// summed over the whole vocabulary in double precision.</summary>
internal static class StepwiseDivergence
{
    /// <summary>The most probabilities that are held in double precision at a time.</summary>
    private const int BlockElements = 1 << 22;

    internal static double[] Sum(
        CausalModel model,
        NextTokenDistribution distribution,
        CausalModel reference,
        NextTokenDistribution referenceDistribution,
        IReadOnlyList<Completion> completions
    )
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var batch = new SequenceBatch(completions, model.Device);
        var referenceDevice = reference.Device;
        var logits = model.LogitsAt(batch.Tokens, batch.Positions).InOneType();
        var referenceLogits = reference.LogitsAt(batch.Tokens.to(referenceDevice), batch.Positions.to(referenceDevice)).InOneType();
        long count = logits.Count,
            block = Math.Max(1, BlockElements / model.VocabularySize);
        var parts = new List<Tensor>();
        for (long start = 0; start < count; start += block)
        {
            using var inner = NewDisposeScope();
            long length = Math.Min(block, count - start);
            var log = distribution.LogProbs(logits.Rows(start, length).to(ScalarType.Float64));
            var logReference = referenceDistribution.LogProbs(referenceLogits.Rows(start, length).to(model.Device).to(ScalarType.Float64));
            parts.Add(OfSteps(log, logReference).MoveToOuterDisposeScope());
        }

        return batch.SumByRow(cat(parts)).Doubles();
    }

    /// <summary>sum_a pi(a) log(pi(a) / pi_ref(a)), [R], of log-probabilities [R, V]; 0 log 0 = 0.</summary>
    internal static Tensor OfSteps(Tensor log, Tensor logReference)
    {
        using var scope = NewDisposeScope();
        using Scalar zero = 0,
            none = double.NegativeInfinity; // held until the calls return: a collection may not free them meanwhile
        return (log.exp() * (log - logReference)).masked_fill(log.eq(none), zero).sum(-1).MoveToOuterDisposeScope();
    }
}
