namespace VariationalBoN.Orleans.Silos;

/// <summary>
/// What computes for long runs on a thread of its own: not on Orleans' threads,
/// which must answer meanwhile, nor on those of the pool, which Orleans needs. Stateless.
/// </summary>
internal static class OwnThread
{
    /// <summary>Does something there.</summary>
    public static Task<T> RunAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(
            work,
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default
        );
}
