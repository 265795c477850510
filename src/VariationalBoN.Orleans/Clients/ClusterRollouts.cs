using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>Completions of the policy that workers drew with published weights, scored. Plain data, immutable, thread-safe.</summary>
/// <param name="Scored">The completions with their rewards.</param>
/// <param name="Version">The version of the weights that drew them: what <see cref="ClusterLearner.Publish"/> gave.</param>
/// <param name="LogProb">log pi_old(y | x) of each completion with a reward, under those weights, in nats.</param>
[Experimental(ExperimentalIds.Cluster)]
public sealed record ClusterRollouts(ScoredBatch Scored, long Version, ImmutableArray<double> LogProb);
