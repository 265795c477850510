namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Waits for several tasks and does not wait for the rest when one has failed. Stateless, thread-safe.</summary>
internal static class FirstFailure
{
    /// <summary>The results, in order.</summary>
    public static async Task<T[]> WhenAll<T>(IReadOnlyList<Task<T>> tasks)
    {
        await foreach (Task<T> task in Task.WhenEach(tasks).ConfigureAwait(false))
            await task.ConfigureAwait(false);
        return [.. tasks.Select(task => task.Result)];
    }
}
