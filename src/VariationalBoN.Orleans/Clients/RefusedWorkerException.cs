namespace VariationalBoN.Orleans.Clients;

/// <summary>A worker has found that it is not what the learner needs: it is left out, and its block is another one's.</summary>
internal sealed class RefusedWorkerException(string message) : Exception(message);
