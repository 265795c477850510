namespace VariationalBoN.Orleans.Clients;

/// <summary>A worker that the cluster takes for alive stops, or has answered no call for too long: its block is another one's.</summary>
internal sealed class LostWorkerException(string message, Exception? innerException = null) : Exception(message, innerException);
