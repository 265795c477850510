using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>A policy that gives the probability of every token at each place
/// of given completions: student or teacher of distillation.</summary>
public interface INextTokenPolicy : IPolicy
{
    /// <summary>log pi(. | x, y_&lt;t), of the whole vocabulary, before each token of each completion, in nats.</summary>
    /// <remarks>It holds N V numbers, and as many again for a gradient:
    /// pass a few completions at a time where the vocabulary is large.</remarks>
    /// <param name="completions">Completions of this policy's vocabulary, with N tokens in all; of any policy.</param>
    /// <returns>
    /// A fresh tensor [N, V], float32 or float64, the tokens of the first completion first, on the policy's device, the caller's to
    /// dispose; it carries the gradient when the parameters ask for one.
    /// </returns>
    torch.Tensor NextTokenLogProb(IReadOnlyList<Completion> completions);
}
