using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Evaluation;

/// <summary>The greatest mean reward that a policy of one KL can have. Immutable, thread-safe.</summary>
/// <param name="Beta">beta of the tilt pi_ref exp(r / beta) that reaches it, in the unit of the reward.</param>
/// <param name="Kl">Its KL to the reference in nats, averaged over prompts.</param>
/// <param name="Reward">Its mean reward, with its standard error over prompts.</param>
/// <param name="EffectiveSamples">(sum of weights)^2 / sum of their squares, of the prompt where that is least.</param>
[Experimental(ExperimentalIds.SecondJudge)]
public readonly record struct RewardCeilingPoint(double Beta, double Kl, Estimate Reward, double EffectiveSamples);
