using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>How much of the probability the most probable tokens hold, along completions. Stateless.</summary>
internal static class TopProbability
{
    /// <summary>sum_t of the probability of the k most probable tokens after (x, y_&lt;t), for each completion, without gradient.</summary>
    /// <remarks>Some rows of logits at a time: all of them are [sum of lengths, V].</remarks>
    internal static double[] Sum(CausalModel model, NextTokenDistribution distribution, IReadOnlyList<Completion> completions, int k)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var batch = new SequenceBatch(completions, model.Device);
        var logits = model.LogitsAt(batch.Tokens, batch.Positions).InOneType();
        long block = Math.Max(1, PositionLogits.ScoredElements / model.VocabularySize);
        var parts = new List<Tensor>();
        for (long start = 0; start < logits.Count; start += block)
        {
            using var inner = NewDisposeScope();
            (Tensor top, _) = distribution.LogProbs(logits.Rows(start, Math.Min(block, logits.Count - start))).topk(k); // [n, k]
            parts.Add(top.to(ScalarType.Float64).exp().sum(-1).MoveToOuterDisposeScope());
        }

        return batch.SumByRow(cat(parts)).Doubles();
    }
}
