using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Blocks of a call that several sources share, in any order, are a source.</summary>
[ContractOf(typeof(SharedBlocks))]
public sealed class SharedBlocksContractTests : CompletionSourceContract
{
    protected override ICompletionSource Source(IPolicy policy, Scorer scorer) =>
        new SharedBlocks([.. Enumerable.Range(0, 3).Select(_ => new PolicyCompletionSource(policy, scorer))]);

    private sealed class SharedBlocks(PolicyCompletionSource[] workers) : ICompletionSource
    {
        public ModelIdentity Policy => workers[0].Policy;

        public ScoringIdentity Origin => workers[0].Origin;

        public ModelIdentity? Execution => workers[0].Execution;

        public async Task<ScoredBatch> DrawAsync(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        )
        {
            IReadOnlyList<DrawBlock> blocks = DrawBlock.Cut(
                prompts,
                completionsPerPrompt,
                seed.FirstSample,
                promptsPerBlock: 2,
                samplesPerBlock: 3
            );
            var drawn = new List<(DrawBlock, ScoredBatch)>();
            for (int i = blocks.Count - 1; i >= 0; i--)
                drawn.Add((blocks[i], await blocks[i].DrawAsync(workers[i % workers.Length], seed, cancellationToken)));
            return DrawBlock.Join(completionsPerPrompt, drawn);
        }
    }
}
