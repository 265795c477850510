using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Policies;

namespace VariationalBoN;

/// <summary>What every <see cref="IPolicy"/> can do besides its members. Stateless, thread-safe where the policy is.</summary>
public static class PolicyExtensions
{
    /// <summary>log pi(y | x) of each completion in nats as plain doubles, without gradient.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="completions">B completions; none gives an empty array.</param>
    /// <returns>B values; no tensor is left behind.</returns>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static double[] LogProbValues(this IPolicy policy, IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(completions);
        if (completions.Count == 0)
            return [];
        TorchRuntime.Require();
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        var values = policy.LogProb(completions); // [B]
        if (values.dim() != 1 || values.size(0) != completions.Count)
            throw new InvalidOperationException(
                $"{policy.GetType().Name}.LogProb returned shape {Shown.Shape(values.shape)} for {completions.Count} completions; it must "
                    + $"return [{completions.Count}]."
            );
        return values.Doubles();
    }

    /// <summary>log pi_theta(y | x) of each completion of a scored batch, with gradient: what a loss is given.</summary>
    /// <param name="policy">The policy being trained.</param>
    /// <param name="scored">B scored completions.</param>
    /// <returns>A fresh tensor [B], the caller's to dispose.</returns>
    /// <exception cref="InvalidOperationException">The policy truncates its distribution (top-k,
    /// top-p), so that log-ratios could be infinite.</exception>
    public static torch.Tensor LogProb(this IPolicy policy, ScoredBatch scored)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(scored);
        RequireFullSupport(policy);
        return policy.LogProb(scored.Completions);
    }

    /// <summary>log pi_theta of each token of each completion of a scored batch, with gradient:
    /// what a loss with values along the answer is given.</summary>
    /// <param name="policy">The policy being trained, an <see cref="ITokenPolicy"/>.</param>
    /// <param name="scored">B scored completions.</param>
    /// <returns>A fresh tensor [B, T], 0 behind the end of each completion, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The policy does not give the probability of single tokens.</exception>
    /// <exception cref="InvalidOperationException">The policy truncates its distribution (top-k,
    /// top-p), so that log-ratios could be infinite.</exception>
    public static torch.Tensor TokenLogProb(this IPolicy policy, ScoredBatch scored)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(scored);
        if (policy is not ITokenPolicy tokens)
            throw new ArgumentException(
                $"{policy.GetType().Name} does not give the probability of single tokens ({nameof(ITokenPolicy)}), which a "
                    + "loss with values along the answer needs. Implement it, or use the form of the loss for whole completions.",
                nameof(policy)
            );
        RequireFullSupport(policy);
        return tokens.TokenLogProb(scored.Completions);
    }

    private static void RequireFullSupport(IPolicy policy)
    {
        if (!policy.HasFullSupport)
            throw new InvalidOperationException(
                $"{policy.GetType().Name} truncates its distribution (top-k or top-p), so a completion can have log-ratio -infinity. "
                    + $"Train without truncation; use it for sampling and evaluation only."
            );
    }
}
