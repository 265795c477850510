using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// A reward model whose model is freed when this is disposed of:
/// disposing cancels the calls under way and waits until they have left. Thread-safe.
/// </summary>
internal sealed class HeldReward(IRewardModel inner) : IRewardModel, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private bool _closed;

    /// <inheritdoc/>
    public ModelIdentity Identity => inner.Identity;

    /// <inheritdoc/>
    public int MaxBatchSize => inner.MaxBatchSize;

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The model is, or was meanwhile, to be freed.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, inner);
            _calls++;
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
            return await inner.ScoreAsync(completions, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(inner.GetType().Name, "The reward model was freed before the completions were scored.");
        }
        finally
        {
            lock (_gate)
            {
                if (--_calls == 0 && _closed)
                    _left.SetResult();
            }
        }
    }

    /// <summary>Takes no more calls, and waits for those under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            if (_calls == 0)
                _left.SetResult();
        }

        _stop.Cancel();
        _left.Task.Wait();
        _stop.Dispose();
    }
}
