using System.Collections.Concurrent;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>One sender at a time to each folder of weights: workers of one machine share them. Thread-safe.</summary>
internal sealed class MachineTurns
{
    private readonly ConcurrentDictionary<(string Machine, string Folder), SemaphoreSlim> _turns = [];

    /// <summary>Waits for the turn; what it gives ends it.</summary>
    public async Task<IDisposable> WaitAsync(WorkerDescription worker, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn = _turns.GetOrAdd((worker.Machine, worker.WeightsFolder), _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
