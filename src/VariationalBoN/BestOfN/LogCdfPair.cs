namespace VariationalBoN.BestOfN;

/// <summary>
/// The logarithms of F_lt = P_ref(r &lt; r(y)) and F_le = P_ref(r &lt;= r(y)), or of their estimates. Immutable, thread-safe.
/// </summary>
/// <param name="Below">log F_lt, at most <paramref name="AtOrBelow"/>; -infinity when nothing lies below.</param>
/// <param name="AtOrBelow">log F_le, at most 0.</param>
public readonly record struct LogCdfPair(double Below, double AtOrBelow);
