namespace VariationalBoN.Orleans.Internal;

/// <summary>What failed: which exception the caller gets.</summary>
internal enum BlockFailure
{
    /// <summary>Anything else.</summary>
    Other,

    /// <summary>A reward could not be had.</summary>
    Reward,

    /// <summary>A number is NaN or infinite.</summary>
    Arithmetic,

    /// <summary>The request does not fit the policy, such as a prompt that is too long.</summary>
    Argument,

    /// <summary>The worker is not what the learner needs: it is left out, and another one does the block.</summary>
    Mismatch,
}
