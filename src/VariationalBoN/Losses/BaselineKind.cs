namespace VariationalBoN.Losses;

/// <summary>The kinds of <see cref="Baseline"/>.</summary>
internal enum BaselineKind
{
    /// <summary>The mean over the other completions of the group.</summary>
    LeaveOneOut,

    /// <summary>The mean over the whole group.</summary>
    GroupMean,

    /// <summary>A number given by the caller.</summary>
    Constant,
}
