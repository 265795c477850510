namespace VariationalBoN.Orleans.Internal;

/// <summary>The worker of one silo, which its key names: what a client asks of it. No call lasts as long as a block does.</summary>
[Alias("VariationalBoN.IWorkerGrain")]
internal interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>What the silo draws and scores with; null when it has no worker.</summary>
    [Alias("Describe")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<WorkerDescription?> DescribeAsync();

    /// <summary>Begins a block in the background; a ticket that is known already is left as it is,
    /// and one that was forgotten is not begun.</summary>
    [Alias("Begin")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<BeginAnswer> BeginAsync(BeginRequest request);

    /// <summary>Waits a moment for a block to end, or for its device to begin with it,
    /// and gives its result or the first bytes of it.</summary>
    /// <param name="ticket">The block.</param>
    /// <param name="milliseconds">How long to wait, below what a call may take.</param>
    /// <param name="most">The most bytes to give.</param>
    [Alias("Poll")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most);

    /// <summary>More bytes of a result; null when it is not there any more.</summary>
    [Alias("Read")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<byte[]?> ReadAsync(Guid ticket, int offset, int most);

    /// <summary>Forgets a block: its result was read, or nobody wants it any more, which ends the draw.</summary>
    [Alias("Forget")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task ForgetAsync(Guid ticket);

    /// <summary>Whether published weights of a digest are on the machine.</summary>
    [Alias("HasWeights")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<bool> HasWeightsAsync(string digest);

    /// <summary>Takes a piece of published weights; the last one is checked by the digest.</summary>
    [Alias("PutWeights")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task PutWeightsAsync(WeightPiece piece);
}
