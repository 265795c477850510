using VariationalBoN;
using VariationalBoN.References;
using VariationalBoN.Training;

namespace Cluster;

/// <summary>All in this process: the same blocks and parts, one after another.</summary>
internal sealed class OneProcess(ReviewWorld world) : IEngine
{
    public ICompletionSource Reference { get; } = new PolicyCompletionSource(world.Scorer.Reference, world.Scorer);

    public int BlocksAtOnce => 1;

    public Task ReadyAsync(long step, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<ScoredBatch> RolloutsAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        CancellationToken cancellationToken
    )
    {
        var source = new PolicyCompletionSource(world.Policy, world.Scorer);
        var drawn = new List<(DrawBlock, ScoredBatch)>();
        foreach (
            DrawBlock block in DrawBlock.Cut(prompts, completionsPerPrompt, firstSample: 0, Settings.PromptsPerBlock, completionsPerPrompt)
        )
            drawn.Add((block, await block.DrawAsync(source, seed, cancellationToken)));
        return DrawBlock.Join(completionsPerPrompt, drawn);
    }

    public Task<AccumulatedLoss> BackwardAsync(ScoredBatch scored, double[] targets, CancellationToken cancellationToken) =>
        Task.FromResult(
            GradientAccumulation.Backward(
                world.Policy,
                scored,
                Settings.CompletionsPerPart,
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(targets), part.Groups)
            )
        );
}
