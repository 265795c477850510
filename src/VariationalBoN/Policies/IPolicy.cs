using TorchSharp;

namespace VariationalBoN;

/// <summary>
/// A distribution pi(y | x) over completions that can be sampled and that gives the log-probability of what it drew:
/// the model that is trained, or the frozen reference.
/// </summary>
/// <remarks>
/// Temperature, truncation, stop tokens and maximum length are part of what a policy is, so <see cref="Sample"/> and <see cref="LogProb"/>
/// speak of one and the same distribution. Implementations need not be thread-safe; say so where they are.
/// </remarks>
public interface IPolicy
{
    /// <summary>Identifies this distribution: model, weights and sampling settings.</summary>
    /// <remarks>Reference tables and stores carry it and refuse a reference with another identity. It may cost a pass over the weights
    /// (<see cref="Policies.ModuleFingerprint"/>).</remarks>
    ModelIdentity Identity { get; }

    /// <summary>Whether one of its parameters requires a gradient, so that training may change it.</summary>
    /// <value>A <c>Scorer</c> refuses a reference of which it is true.</value>
    bool IsTrainable { get; }

    /// <summary>Whether every completion has positive probability:
    /// false for a policy that truncates its distribution (top-k, top-p).</summary>
    /// <remarks>Training refuses a policy without full support:
    /// a token inside one nucleus and outside another has log-ratio -infinity.</remarks>
    bool HasFullSupport => true;

    /// <summary>Draws completions y ~ pi(. | x) for each prompt x.</summary>
    /// <param name="prompts">P prompts, at least one; a prompt that stands twice gets different samples.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draw: sample k of a prompt depends on the seed, the prompt and k, not on the rest of the batch.</param>
    /// <param name="cancellationToken">Stops between tokens or prompts.</param>
    /// <returns>P * K completions as plain data, prompt by prompt: completion p * K + k is the k-th of prompt p.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    );

    /// <summary>Draws as <see cref="Sample"/> and hands each completion on when it has ended,
    /// in any order, while the rest are drawn.</summary>
    /// <remarks>By default all are handed on when all are drawn. What was handed on before a call fails or is cancelled is valid.</remarks>
    /// <param name="prompts">P prompts, at least one; a prompt that stands twice gets different samples.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="onFinished">Given p * K + k and the k-th completion of prompt p, each once. Called on a thread that draws, never twice
    /// at once, and not again after it has thrown; drawing waits for it, and fails with what it throws. It may call <see cref="LogProb"/>
    /// of this policy, but not draw from it.</param>
    /// <param name="cancellationToken">Stops between tokens or prompts.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    void SampleEach(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        Action<int, Completion> onFinished,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(onFinished);
        IReadOnlyList<Completion> drawn = Sample(prompts, completionsPerPrompt, seed, cancellationToken);
        for (int i = 0; i < drawn.Count; i++)
            onFinished(i, drawn[i]);
    }

    /// <summary>log pi(y | x) of each completion in nats: the sum over its tokens, stop token included, prompt excluded.</summary>
    /// <param name="completions">B completions of this policy's vocabulary.</param>
    /// <returns>A fresh tensor [B] on the policy's device, the caller's to dispose;
    /// it carries the gradient when the parameters ask for one.</returns>
    torch.Tensor LogProb(IReadOnlyList<Completion> completions);
}
