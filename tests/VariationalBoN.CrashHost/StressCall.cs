namespace VariationalBoN.CrashHost;

/// <summary>One kind of call, which gives the same numbers each time.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Call">Does it.</param>
/// <param name="Times">How often in the place of one call; more for what is quick.</param>
internal sealed record StressCall(string Name, Func<double[]> Call, int Times = 1);
