using System.Runtime.CompilerServices;

namespace VariationalBoN;

/// <summary>Where scored completions come from: a policy beside a scorer in this process, or machines elsewhere.</summary>
/// <remarks>Sample k of a prompt depends on the seed, the prompt and k alone, so asking again gives
/// the same completion: to the last bit where <see cref="Execution"/> says so, otherwise with the
/// same distribution. Implementations say whether several calls may run at once.</remarks>
public interface ICompletionSource
{
    /// <summary>What completions are drawn from. It may cost a pass over the weights.</summary>
    ModelIdentity Policy { get; }

    /// <summary>What their rewards and log pi_ref come from.</summary>
    ScoringIdentity Origin { get; }

    /// <summary>What else the bits of a draw depend on (<see cref="TorchRuntime.Execution"/>);
    /// null, the default, where bits are not promised.</summary>
    /// <remarks>Sources that promise bits give equal bits for equal <see cref="References.DrawBlock"/>s where this is equal.</remarks>
    ModelIdentity? Execution => null;

    /// <summary>Draws completions y ~ pi(. | x) for each prompt x and scores them.</summary>
    /// <param name="prompts">P prompts, at least one; a prompt that stands twice gets different samples.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>P * K samples, prompt by prompt, those without a reward included; a group to each of the P prompts.</returns>
    /// <exception cref="Rewards.RewardModelException">A reward could not be had.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<ScoredBatch> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    );

    /// <summary>Draws and scores as <see cref="DrawAsync"/> and gives prompts as they are done, while the rest are drawn.</summary>
    /// <remarks>
    /// By default all are given when all are done. What was given before a call fails or is cancelled is valid; what was drawn and not
    /// yet given is lost. Drawing goes on between two batches, so weights of the policy and of the reference must not change until the
    /// enumeration has ended or was left, and where policy and reward model share a processor or a module, they run at the same time.
    /// </remarks>
    /// <param name="prompts">P prompts, at least one; a prompt that stands twice gets different samples.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>Batches of the K samples of one or more prompts, in the order of the prompts, those without a reward included; a prompt's
    /// group is its index in <paramref name="prompts"/>. Which prompts are in which batch depends on P and K alone.</returns>
    /// <exception cref="Rewards.RewardModelException">A reward could not be had.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    async IAsyncEnumerable<ScoredBatch> DrawEachAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        yield return await DrawAsync(prompts, completionsPerPrompt, seed, cancellationToken).ConfigureAwait(false);
    }
}
