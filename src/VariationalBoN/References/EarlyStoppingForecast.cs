using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.References;

/// <summary>What early stopping is expected to do on a prompt. Immutable, thread-safe.</summary>
/// <param name="Draws">Expected draws.</param>
/// <param name="Reward">Expected reward of the answer.</param>
/// <param name="RewardOfAll">Expected reward of the best of all n, by the same samples.</param>
[Experimental(ExperimentalIds.EarlyStopping)]
public readonly record struct EarlyStoppingForecast(double Draws, double Reward, double RewardOfAll);
