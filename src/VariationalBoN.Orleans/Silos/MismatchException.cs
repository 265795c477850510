namespace VariationalBoN.Orleans.Silos;

/// <summary>The worker is not what the learner needs: it is left out, and its block is another one's.</summary>
internal sealed class MismatchException(string message) : Exception(message);
