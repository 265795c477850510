namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>A completion and what its server says of it.</summary>
/// <param name="Completion">The completion.</param>
/// <param name="LogProbs">For each token the log-probability that the server says, in nats;
/// NaN where it says none.</param>
/// <param name="Seed">What it was asked to draw it by.</param>
/// <param name="Server">The server.</param>
/// <param name="Life">Which of its lives it was in.</param>
internal sealed record ServedCompletion(Completion Completion, double[] LogProbs, long Seed, PoolServer Server, int Life)
{
    /// <summary>log p of the completion as far as its server says it: an upper bound where it says nothing of some tokens.</summary>
    public double LogProb => LogProbs.Sum(value => double.IsNaN(value) ? 0 : value);
}
