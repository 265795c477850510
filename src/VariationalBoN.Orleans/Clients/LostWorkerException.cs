namespace VariationalBoN.Orleans.Clients;

/// <summary>A worker that the cluster takes for alive stops, or has answered no call for too long: its block is another one's.</summary>
/// <param name="message">What is wrong with it.</param>
/// <param name="innerException">The last call that failed.</param>
/// <param name="isLeaving">Whether it stops in good order.</param>
internal sealed class LostWorkerException(string message, Exception? innerException = null, bool isLeaving = false)
    : Exception(message, innerException)
{
    /// <summary>Whether it stops in good order, so that no block is the cause.</summary>
    public bool IsLeaving => isLeaving;
}
