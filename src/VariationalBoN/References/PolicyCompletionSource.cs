namespace VariationalBoN.References;

/// <summary>Completions of a policy in this process, scored by a scorer. As thread-safe as the two.</summary>
/// <param name="policy">What is drawn from.</param>
/// <param name="scorer">Gives log pi_ref and rewards.</param>
public sealed class PolicyCompletionSource(IPolicy policy, Scorer scorer) : ICompletionSource
{
    /// <inheritdoc/>
    public ModelIdentity Policy => ReferenceEquals(policy, scorer.Reference) ? scorer.Origin.Reference : policy.Identity;

    /// <inheritdoc/>
    public ScoringIdentity Origin => scorer.Origin;

    /// <inheritdoc/>
    /// <remarks>Drawing and log pi_ref run before the call returns, on the caller's thread; what it returns waits for the reward model alone.</remarks>
    public Task<ScoredBatch> DrawAsync(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, CancellationToken cancellationToken = default) =>
        ScoreAsync(Draw(prompts, completionsPerPrompt, seed, cancellationToken), completionsPerPrompt, cancellationToken);

    /// <summary>The first half of <see cref="DrawAsync"/>.</summary>
    internal IReadOnlyList<Completion> Draw(
        IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, CancellationToken cancellationToken) =>
        policy.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

    /// <summary>The second half.</summary>
    internal Task<ScoredBatch> ScoreAsync(IReadOnlyList<Completion> drawn, int completionsPerPrompt, CancellationToken cancellationToken) =>
        scorer.ScoreAsync(drawn, completionsPerPrompt, cancellationToken);
}
