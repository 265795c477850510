using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.References;

namespace VariationalBoN.Orleans;

/// <summary>
/// Trains a policy with the workers of a cluster: they draw and score with the weights that it publishes, and compute the gradients of
/// parts of a batch, which it adds up. One step at
/// a time; rollouts of the next step may be under way.
/// </summary>
/// <remarks>
/// <c>Publish</c>, <c>RolloutsAsync</c>, <c>BackwardAsync</c>, the optimizer's step. Results do not depend on the number of workers:
/// rollouts are cut into blocks and batches into parts by
/// settings alone, and gradients are added in the order of the parts. Not thread-safe but for the draws.
/// </remarks>
[Experimental(ExperimentalIds.Cluster)]
public sealed partial class ClusterLearner : ICompletionSource, IAsyncDisposable
{
    /// <summary>The bytes of one array, less what stands beside the gradients.</summary>
    private const long MostGradientBytes = 2_000_000_000;

    private readonly WorkerCluster _cluster;
    private readonly ClusterWorker _own;
    private readonly IPolicy _policy;
    private readonly ClusterLearnerOptions _options;
    private readonly PublishedFiles _files;
    private readonly BlockPool _pool;
    private readonly ClusterDraws _draws;
    private readonly ClusterGradients _gradients;

    internal ClusterLearner(WorkerCluster cluster, WorkerWatch watch, ClusterWorker own, ClusterLearnerOptions options)
    {
        (_cluster, _own, _options) = (cluster, own, options);
        _policy =
            own.Policy ?? throw new ArgumentException($"There is no policy to train; give {nameof(ClusterWorker.Policy)}.", nameof(own));
        ImmutableArray<(string Name, Parameter Value)> parameters = own.Parameters;
        if (parameters.IsEmpty || parameters.DistinctBy(parameter => parameter.Name, StringComparer.Ordinal).Count() < parameters.Length)
            throw new ArgumentException(
                $"There {(parameters.IsEmpty ? "is no parameter" : "are parameters of one name")} to publish; "
                    + "give those that train, each under a name of its own: network.named_parameters().Where(pair => "
                    + "pair.parameter.requires_grad).",
                nameof(own)
            );
        long bytes = parameters.Sum(parameter => parameter.Value.numel() * (long)parameter.Value.element_size());
        if (bytes > MostGradientBytes)
            throw new ArgumentException(
                $"The gradient of a part would be {bytes} bytes, and a worker's answer holds at most "
                    + $"{MostGradientBytes}. Train adapters (LoRA), or compute gradients in this process (GradientAccumulation) from "
                    + "rollouts of the cluster.",
                nameof(own)
            );
        string[] differences = [.. own.Scorer.Origin.Differences(Origin, "the learner", "the workers")];
        if (differences.Length > 0)
            throw new ArgumentException(
                $"The learner's scorer is not that of the workers: {string.Join("; ", differences)}. Build both by the same code, and name "
                    + $"it when you connect ({nameof(WorkerClusterOptions)}.{nameof(WorkerClusterOptions.Origin)}).",
                nameof(own)
            );
        _files = new PublishedFiles(parameters, options.MaxStaleness + 2);
        try
        {
            _pool = new BlockPool(watch, new LearnerAgreement(cluster.Agreement, own).RefusalOf, cluster.Options, cluster.Log);
        }
        catch
        {
            _files.Dispose();
            throw;
        }

        _draws = new ClusterDraws(BlockKind.Rollout, _pool, cluster.Agreement, cluster.Serializer);
        _gradients = new ClusterGradients(_pool, [.. parameters.Select(parameter => parameter.Value)], cluster);
    }

    /// <summary>The version of the weights that were published last, from 1 on; 0 before the first.</summary>
    public long Version => _files.Last?.Version.Number ?? 0;

    /// <summary>The identity of the policy with the weights that were published last.</summary>
    /// <exception cref="InvalidOperationException">None were published.</exception>
    public ModelIdentity Policy => ModelIdentity.Parse(Last.Version.Policy);

    /// <summary>The workers in the cluster now, each with the reason if this learner
    /// gives it no blocks, such as another policy or other code of a loss.</summary>
    public ImmutableArray<WorkerStatus> Workers => _pool.Workers;

    /// <inheritdoc/>
    public ScoringIdentity Origin => _cluster.Agreement.Origin;

    /// <inheritdoc/>
    public ModelIdentity? Execution => _cluster.Agreement.Execution;

    /// <summary>Publishes the weights as they are now: from here on workers draw and compute
    /// with them. They are sent to a machine when a worker there needs them.</summary>
    /// <returns>Their version, one more than before; the same where no weight has changed.</returns>
    /// <exception cref="IOException">The file of them cannot be written.</exception>
    public long Publish() => _files.Publish(() => _policy.Identity).Version.Number;

    /// <inheritdoc/>
    /// <remarks>One block, which one device draws with the weights that were published last.
    /// <see cref="RolloutsAsync"/> uses all devices.</remarks>
    /// <exception cref="InvalidOperationException">No weights were published.</exception>
    public async Task<ScoredBatch> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) =>
        (
            await _draws.DrawAsync(prompts, completionsPerPrompt, seed, Last, withLogProb: false, cancellationToken).ConfigureAwait(false)
        ).Scored;

    /// <summary>Draws with the weights that were published last, on all devices at once, and scores.</summary>
    /// <param name="prompts">P prompts, at least one; a prompt that stands twice gets different samples.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>P * K completions, a group to each prompt, with the version that drew them.</returns>
    /// <remarks>Equal to the bit to what <see cref="DrawBlock.Cut(IReadOnlyList{Prompt}, int, int, int, int)"/>,
    /// <see cref="DrawBlock.DrawAsync"/> and <see cref="DrawBlock.Join"/> give in one process.</remarks>
    /// <exception cref="InvalidOperationException">No weights were published,
    /// or so many versions were while these were drawn that they are too old.</exception>
    /// <exception cref="ClusterException">A block cannot be done; the message names worker, block and remedy.</exception>
    /// <exception cref="Rewards.RewardModelException">A reward could not be had; the message names worker and block.</exception>
    public async Task<ClusterRollouts> RolloutsAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        PublishedWeights weights = Last;
        IReadOnlyList<DrawBlock> blocks = DrawBlock.Cut(
            prompts,
            completionsPerPrompt,
            seed.FirstSample,
            _options.PromptsPerBlock,
            _options.SamplesPerBlock
        );
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<(ScoredBatch Scored, double[]? LogProb)>[] drawing =
        [
            .. blocks.Select(block =>
                _draws.DrawAsync(
                    block.Prompts,
                    block.Samples,
                    seed with
                    {
                        FirstSample = block.FirstSample,
                    },
                    weights,
                    withLogProb: true,
                    stop.Token
                )
            ),
        ];
        await FirstFailure.WhenAllAsync(drawing, stop).ConfigureAwait(false);
        ScoredBatch scored = DrawBlock.Join(completionsPerPrompt, [.. blocks.Zip(drawing, (block, drawn) => (block, drawn.Result.Scored))]);
        double[] logProb = new double[scored.Drawn.Length];
        foreach ((DrawBlock block, Task<(ScoredBatch Scored, double[]? LogProb)> drawn) in blocks.Zip(drawing))
        {
            for (int i = 0; i < block.Completions; i++)
            {
                int prompt = block.FirstPrompt + (i / block.Samples),
                    sample = block.Offset + (i % block.Samples);
                logProb[(prompt * completionsPerPrompt) + sample] = drawn.Result.LogProb![i];
            }
        }

        var rollouts = new ClusterRollouts(
            scored,
            weights.Version.Number,
            [.. logProb.Where((_, i) => scored.Drawn[i].Reward is not null)]
        );
        RequireFresh(rollouts);
        return rollouts;
    }

    /// <summary>Refuses rollouts of weights that are too old.</summary>
    /// <param name="rollouts">What is to be trained on.</param>
    /// <exception cref="InvalidOperationException">They are older than <see cref="ClusterLearnerOptions.MaxStaleness"/> allows.</exception>
    public void RequireFresh(ClusterRollouts rollouts)
    {
        ArgumentNullException.ThrowIfNull(rollouts);
        if (Version - rollouts.Version > _options.MaxStaleness)
            throw new InvalidOperationException(
                $"The rollouts were drawn with version {rollouts.Version} of the weights, and version "
                    + $"{Version} trains: {Version - rollouts.Version} publications lie between, and {_options.MaxStaleness} are allowed. "
                    + $"Draw them after the last publication, or allow more ({nameof(ClusterLearnerOptions.MaxStaleness)}) and correct "
                    + "by clipped ratios (ClippedRatio with LogProb)."
            );
    }

    /// <summary>Stops, and deletes the files of published weights.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        _files.Dispose();
    }

    private PublishedWeights Last =>
        _files.Last ?? throw new InvalidOperationException($"No weights were published; call {nameof(Publish)} first.");
}
