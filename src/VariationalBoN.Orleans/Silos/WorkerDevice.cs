using Orleans.Serialization;
using TorchSharp;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Weights;

#pragma warning disable CA1001 // the semaphore makes no handle; a closed device keeps the turn, so that nothing begins

namespace VariationalBoN.Orleans.Silos;

/// <summary>One device of a silo with its models: does one block at a time. Thread-safe.</summary>
/// <param name="worker">The models.</param>
/// <param name="weights">Published weights.</param>
/// <param name="serializer">Reads requests, writes results.</param>
internal sealed class WorkerDevice(ClusterWorker worker, WeightsCache weights, Serializer serializer)
{
    private readonly SemaphoreSlim _turn = new(1);
    private (string Digest, string Policy)? _used; // the weights in the policy, and whose they were found to be

    /// <summary>Does a block when its turn comes.</summary>
    /// <param name="request">The block.</param>
    /// <param name="started">Called when the turn has come.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Its result in bytes.</returns>
    public async Task<byte[]> RunAsync(BeginRequest request, Action started, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            started();
            return await OwnThread
                .RunAsync(() =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    UseWeights(request.Weights);
                    return request.Kind == BlockKind.Gradient ? Task.FromResult(Gradient(request)) : DrawAsync(request, cancellationToken);
                })
                .Unwrap()
                .ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Disposes of the models, on a thread of its own, once what is under way has ended; no other block may begin.</summary>
    public async Task CloseAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        await OwnThread
            .RunAsync(() =>
            {
                worker.Dispose();
                return true;
            })
            .ConfigureAwait(false);
    }

    private async Task<byte[]> DrawAsync(BeginRequest request, CancellationToken cancellationToken)
    {
        var draw = serializer.Deserialize<DrawRequest>(request.Payload)!;
        IPolicy policy = request.Kind == BlockKind.Reference ? worker.Scorer.Reference : Policy;
        DrawBlock block = draw.ToBlock();
        ScoredBatch scored = await block
            .DrawAsync(new PolicyCompletionSource(policy, worker.Scorer), draw.DrawSeed, cancellationToken)
            .ConfigureAwait(false);
        double[]? logProb = draw.WithLogProb
            ? await OwnThread
                .RunAsync(() => policy.LogProbValues([.. scored.Drawn.Select(sample => sample.Completion)]))
                .ConfigureAwait(false)
            : null;
        return serializer.SerializeToArray(SamplesMessage.Of(scored.Drawn, scored.DrawnComponents, logProb));
    }

    private byte[] Gradient(BeginRequest request)
    {
        var wanted = serializer.Deserialize<GradientRequest>(request.Payload)!;
        GradientLoss loss = worker.LossOf(wanted.Loss) ?? throw new MismatchException(LossNames.Missing(wanted.Loss, worker.Losses.Keys));
        GradientPart part = GradientAccumulation.BackwardPart(
            Policy,
            [.. worker.Parameters.Select(parameter => parameter.Value)],
            wanted.ToPart(worker.Scorer.Origin),
            _used?.Digest ?? throw new InvalidOperationException("A gradient was asked for without weights."),
            (logProb, of) => loss(logProb, of, wanted.Numbers)
        );
        return serializer.SerializeToArray(GradientAnswer.Of(part));
    }

    private IPolicy Policy =>
        worker.Policy
        ?? throw new MismatchException($"The worker has no policy; give it one as {nameof(ClusterWorker)}.{nameof(ClusterWorker.Policy)}.");

    /// <summary>Brings the policy to published weights.</summary>
    private void UseWeights(WeightsVersion? version)
    {
        if (version is null || (version.Digest, version.Policy) == _used)
            return;
        string path = weights.Find(version.Digest) ?? throw new WeightsGoneException();
        _used = null;
        using (torch.no_grad())
            Safetensors.Map(path, worker.Parameters.ToDictionary(parameter => parameter.Name, parameter => (torch.Tensor)parameter.Value));
        string[] differences = [.. ModelIdentity.Parse(version.Policy).Differences(Policy.Identity)];
        if (differences.Length > 0)
            throw new MismatchException(
                $"The policy of the worker is not the learner's, though it has its published weights "
                    + $"(first the learner's, the other is the worker's): {string.Join("; ", differences)}. Build it by the same code "
                    + "with the same settings."
            );
        _used = (version.Digest, version.Policy);
    }
}
