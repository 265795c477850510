namespace VariationalBoN.Orleans.Clients;

/// <summary>Waits for several tasks. Stateless.</summary>
internal static class FirstFailure
{
    /// <summary>Waits for all; the first one that fails ends the others, and is what the call fails with.</summary>
    public static async Task WhenAllAsync(IReadOnlyList<Task> tasks, CancellationTokenSource stop)
    {
        try
        {
            await foreach (Task ended in Task.WhenEach(tasks).ConfigureAwait(false))
                await ended.ConfigureAwait(false);
        }
        catch
        {
            await EndAsync(tasks, stop).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends tasks since one has failed, and waits for them, however they end.</summary>
    public static async Task EndAsync(IEnumerable<Task> tasks, CancellationTokenSource stop)
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
