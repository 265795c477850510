using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Log-probabilities of drawn tokens from hidden states, without all logits in memory at once.</summary>
internal static class TokenLogProbs
{
    /// <summary>log p(token) at each position, [N].</summary>
    /// <param name="logits">N positions.</param>
    /// <param name="targets">Int64 [N].</param>
    /// <param name="distribution">What logits become.</param>
    /// <param name="blockElements">The most logits that are held at a time; null for a number that suits.</param>
    internal static Tensor Of(PositionLogits logits, Tensor targets, NextTokenDistribution distribution, int? blockElements = null)
    {
        bool trains = is_grad_enabled() && (logits.Hidden?.requires_grad == true || logits.Weight?.requires_grad == true);
        int elements = blockElements ?? (trains ? PositionLogits.BlockElements : PositionLogits.ScoredElements);
        long block = Math.Max(1, elements / logits.VocabularySize);
        if (logits.Count <= block || logits.Hidden is null || logits.Weight is null)
            return distribution.LogProbs(logits.InOneType().Rows(0, logits.Count), targets);
        if (!trains)
            return ByBlock(logits.InOneType(), targets, distribution, block);
        return distribution.HasFullSupport
            ? BlockwiseLogProb.apply(logits.Hidden, logits.Weight, targets, distribution, block)
            // a truncated distribution is not trained: policies refuse it
            : distribution.LogProbs(logits.InOneType().Rows(0, logits.Count), targets);
    }

    internal static Tensor ByBlock(PositionLogits logits, Tensor targets, NextTokenDistribution distribution, long block)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (long start = 0; start < logits.Count; start += block)
        {
            using var inner = NewDisposeScope();
            long count = Math.Min(block, logits.Count - start);
            parts.Add(distribution.LogProbs(logits.Rows(start, count), targets.narrow(0, start, count)).MoveToOuterDisposeScope());
        }

        return cat(parts).MoveToOuterDisposeScope();
    }
}
