namespace VariationalBoN.Tests.Rewards;

/// <summary>Lets nobody pass before so many have come: proof that calls are under way at the same time.</summary>
internal sealed class CountdownTask(int count)
{
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = count;

    public Task SignalAndWaitAsync()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
            _all.SetResult();
        return _all.Task;
    }
}
