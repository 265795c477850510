namespace VariationalBoN.Orleans.Internal;

/// <summary>What is done for a block.</summary>
internal enum BlockKind
{
    /// <summary>Completions of the reference.</summary>
    Reference,

    /// <summary>Completions of the policy.</summary>
    Rollout,

    /// <summary>The gradient of a part of a batch.</summary>
    Gradient,
}
