namespace VariationalBoN.Rewards;

/// <summary>A try that failed and will be made again.</summary>
/// <param name="Attempt">The number of the try that failed, from 1.</param>
/// <param name="Delay">The wait before the next one.</param>
/// <param name="Error">Why it failed.</param>
public sealed record RetryAttempt(int Attempt, TimeSpan Delay, Exception Error);
