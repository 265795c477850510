namespace VariationalBoN.Orleans.Internal;

/// <summary>Tasks that nobody waits for. Stateless.</summary>
internal static class ObservedTask
{
    /// <summary>Takes note of how a task ends, so that a fault of it does not come up as one that nobody has seen.</summary>
    /// <param name="task">The task.</param>
    /// <param name="faulted">Told of the fault.</param>
    public static void Observe(this Task task, Action<Exception>? faulted = null) =>
        task.ContinueWith(
            ended => faulted?.Invoke(ended.Exception!),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
}
