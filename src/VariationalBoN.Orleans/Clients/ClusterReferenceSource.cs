namespace VariationalBoN.Orleans.Clients;

/// <summary>Reference samples of the cluster: each call is one block, so one device's; calls may run at once. Thread-safe.</summary>
internal sealed class ClusterReferenceSource(ClusterDraws draws, ClusterAgreement agreement) : ICompletionSource
{
    public ModelIdentity Policy => agreement.Origin.Reference;

    public ScoringIdentity Origin => agreement.Origin;

    public ModelIdentity? Execution => agreement.Execution;

    public async Task<ScoredBatch> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) =>
        (
            await draws.DrawAsync(prompts, completionsPerPrompt, seed, null, withLogProb: false, cancellationToken).ConfigureAwait(false)
        ).Scored;
}
