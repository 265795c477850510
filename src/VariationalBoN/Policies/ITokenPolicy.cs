using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>A policy that knows the probability of each token that it drew: what a loss with values along the answer needs.</summary>
public interface ITokenPolicy : IPolicy
{
    /// <summary>log pi(a_t | x, a_&lt;t) of each token of each completion, in nats;
    /// along a row they add up to <see cref="IPolicy.LogProb"/>.</summary>
    /// <param name="completions">B completions of this policy's vocabulary.</param>
    /// <returns>
    /// A fresh tensor [B, T], float64, T the most tokens of a completion and 0 behind the end of each, on the policy's device, the caller's
    /// to dispose; it carries the gradient
    /// when the parameters ask for one.
    /// </returns>
    torch.Tensor TokenLogProb(IReadOnlyList<Completion> completions);
}
