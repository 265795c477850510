using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using VariationalBoN.Training;

namespace VariationalBoN.Orleans;

/// <summary>Makes a scalar loss [] of log pi_theta [b] of a part of a batch, with gradient: the same code at learner and workers.</summary>
/// <param name="logProb">log pi_theta of the b completions of the part.</param>
/// <param name="part">Whole groups of the batch; <see cref="BatchPart.Of"/> selects its part of numbers.</param>
/// <param name="numbers">What the learner sent by name, such as targets or log pi_old: those of the part, and where the loss is
/// used in one process those of the whole batch. The learner computes what depends on the whole batch, such as a scale.</param>
/// <returns>The loss as if the part were the whole batch; other tensors that the function makes are disposed of.</returns>
[Experimental(ExperimentalIds.Cluster)]
public delegate torch.Tensor GradientLoss(torch.Tensor logProb, BatchPart part, IReadOnlyDictionary<string, double[]> numbers);
