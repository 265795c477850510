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
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }
}
