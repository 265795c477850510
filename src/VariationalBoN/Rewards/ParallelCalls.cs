namespace VariationalBoN.Rewards;

/// <summary>Calls of which some run at once. Stateless, thread-safe.</summary>
internal static class ParallelCalls
{
    /// <summary>One after another on the caller's thread, or so many at once; the first failure stops the others.</summary>
    public static async Task ForEachAsync(
        int count,
        int maxConcurrency,
        Func<int, CancellationToken, Task> action,
        CancellationToken cancellationToken
    )
    {
        if (maxConcurrency == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await action(i, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxConcurrency, CancellationToken = cancellationToken };
            await Parallel
                .ForAsync(0, count, parallel, async (i, token) => await action(i, token).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of the loop
            throw;
        }
    }
}
