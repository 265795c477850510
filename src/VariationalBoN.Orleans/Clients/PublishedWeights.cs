using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>A file of published weights, which is sent to a machine at most once at a time. Thread-safe.</summary>
/// <param name="version">Number and digest.</param>
/// <param name="path">The file at the learner.</param>
/// <param name="machines">Who sends to which machine; shared by all versions.</param>
internal sealed class PublishedWeights(WeightsVersion version, string path, MachineTurns machines)
{
    /// <summary>Number and digest.</summary>
    public WeightsVersion Version => version;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>Sends the file to the machine of a worker, unless it came there meanwhile.</summary>
    /// <param name="worker">Who needs it.</param>
    /// <param name="piece">The bytes of a message.</param>
    /// <param name="heard">Called when the turn is had, and for each piece that arrived:
    /// waiting for the turn is no silence of the worker.</param>
    /// <param name="cancellationToken">Stops sending.</param>
    /// <exception cref="ClusterException">The file is not kept any more, or cannot be read.</exception>
    public async Task SendAsync(WorkerLink worker, int piece, Action heard, CancellationToken cancellationToken)
    {
        using IDisposable turn = await machines.WaitAsync(worker.Description, cancellationToken).ConfigureAwait(false);
        heard();
        if (await worker.Grain.HasWeightsAsync(version.Digest).WaitAsync(cancellationToken).ConfigureAwait(false))
            return;
        using FileStream file = Open();
        var transfer = Guid.NewGuid();
        byte[] buffer = new byte[piece];
        for (long offset = 0; offset < file.Length; )
        {
            int count = await ReadAsync(file, buffer, cancellationToken).ConfigureAwait(false);
            var part = new WeightPiece(version.Digest, transfer, offset, file.Length, count == piece ? buffer : buffer[..count]);
            await worker.Grain.PutWeightsAsync(part).WaitAsync(cancellationToken).ConfigureAwait(false);
            heard();
            offset += count;
            ClusterMetrics.WeightBytes.Add(count);
        }
    }

    private FileStream Open()
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ClusterException(
                $"A block is of the weights of version {version.Number}, which the learner does not keep any "
                    + $"more. Raise {nameof(ClusterLearnerOptions)}.{nameof(ClusterLearnerOptions.MaxStaleness)} to the number of versions "
                    + "that are published while rollouts are drawn.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e);
        }
    }

    private async Task<int> ReadAsync(FileStream file, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw Unreadable(e);
        }
    }

    private ClusterException Unreadable(Exception fault) =>
        new(
            $"The learner cannot read its own file of the weights of version {version.Number}, {path}. {fault.Message} See the disk of the "
                + "learner, and publish again.",
            fault
        );
}
