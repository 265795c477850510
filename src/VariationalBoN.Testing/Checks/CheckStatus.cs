namespace VariationalBoN.Testing.Checks;

/// <summary>How a check ended.</summary>
public enum CheckStatus
{
    /// <summary>What was measured is within its threshold.</summary>
    Passed,

    /// <summary>What was measured is beyond its threshold, or the code that was checked threw.</summary>
    Failed,

    /// <summary>The check does not apply or needs what was not given; the detail says why.</summary>
    Skipped,
}
