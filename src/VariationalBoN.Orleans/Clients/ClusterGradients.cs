using System.Collections.Immutable;
using TorchSharp.Modules;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Training;

namespace VariationalBoN.Orleans.Clients;

/// <summary>Has the gradient of a batch computed by workers, part by part. As thread-safe as the parameters.</summary>
/// <param name="pool">The workers.</param>
/// <param name="parameters">What is trained.</param>
/// <param name="cluster">Writes requests, reads results.</param>
internal sealed class ClusterGradients(BlockPool pool, ImmutableArray<Parameter> parameters, WorkerCluster cluster)
{
    /// <summary>Adds the gradient to that which the parameters hold; leaves it where a part cannot be had.</summary>
    /// <remarks>Parts are asked for in their order, and at most two for each block that workers take at once are under way or held, so
    /// that memory does not grow with their number.</remarks>
    public async Task<AccumulatedLoss> AddAsync(
        ImmutableArray<BatchPart> parts,
        PublishedWeights weights,
        string loss,
        IReadOnlyDictionary<string, double[]> numbers,
        CancellationToken cancellationToken
    )
    {
        using var sum = new GradientSum(parameters, parts, weights.Version.Digest);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var computing = new List<Task<(BlockWork Work, GradientPart Part)>>();
        int asked = 0;
        try
        {
            while (sum.Added < parts.Length)
            {
                int most = sum.Added + (2 * Math.Max(1, pool.Hands));
                for (; asked < parts.Length && asked < most; asked++)
                    computing.Add(PartAsync(GradientRequest.Of(loss, parts[asked], numbers), weights, stop.Token));
                Task<(BlockWork Work, GradientPart Part)> ended = await Task.WhenAny(computing).ConfigureAwait(false);
                computing.Remove(ended);
                (BlockWork work, GradientPart part) = await ended.ConfigureAwait(false);
                work.Use(() =>
                {
                    sum.Add(part);
                    return true;
                });
            }

            return sum.ToLoss();
        }
        catch
        {
            await FirstFailure.EndAsync(computing, stop).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<(BlockWork Work, GradientPart Part)> PartAsync(
        GradientRequest request,
        PublishedWeights weights,
        CancellationToken cancellationToken
    )
    {
        string name = $"part {request.Index} of {request.Parts} of the gradient of \"{request.Loss}\", version {weights.Version.Number}";
        var work = new BlockWork(BlockKind.Gradient, name, cluster.Serializer.SerializeToArray(request), weights, cancellationToken);
        byte[] result = await pool.RunAsync(work).ConfigureAwait(false);
        return (work, work.Use(() => cluster.Serializer.Deserialize<GradientAnswer>(result)!.ToPart()));
    }
}
