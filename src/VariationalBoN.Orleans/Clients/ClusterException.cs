using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>The cluster could not do a block: there is no worker, or one failed. The message names worker, block and remedy.</summary>
[Experimental(ExperimentalIds.Cluster)]
public sealed class ClusterException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public ClusterException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Worker, block, remedy.</param>
    public ClusterException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the error beneath.</summary>
    /// <param name="message">Worker, block, remedy.</param>
    /// <param name="innerException">The error beneath; null when there is none.</param>
    public ClusterException(string message, Exception? innerException)
        : base(message, innerException) { }
}
