namespace VariationalBoN.Objectives;

/// <summary>Which value of F the <see cref="LowerBoundObjective"/> uses for a reward that has positive probability (a tie).</summary>
public enum CdfSide
{
    /// <summary>F_lt = P_ref(r &lt; r(y)): the true lower bound, minus infinity where nothing lies below.</summary>
    Strict,

    /// <summary>(F_lt + F_le) / 2: finite and closest to the exact objective, but a bound of neither kind.</summary>
    Midpoint,

    /// <summary>F_le = P_ref(r &lt;= r(y)): finite, an upper companion of the exact objective.</summary>
    AtOrBelow,
}
