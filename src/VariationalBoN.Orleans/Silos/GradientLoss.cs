using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using VariationalBoN.Training;

namespace VariationalBoN.Orleans;

/// <summary>Makes a scalar loss [] of log pi_theta [b] of a part of a batch, with gradient: the same code at every worker.</summary>
/// <param name="logProb">log pi_theta of the b completions of the part.</param>
/// <param name="part">Whole groups of the batch; <see cref="BatchPart.Of"/> chooses what belongs to it of numbers of the whole
/// batch.</param>
/// <param name="numbers">What the learner sent by name, a number to each completion of the whole batch, such as targets or log
/// pi_old.</param>
/// <returns>The loss as if the part were the whole batch; what other tensors are made are disposed of.</returns>
[Experimental(ExperimentalIds.Cluster)]
public delegate torch.Tensor GradientLoss(torch.Tensor logProb, BatchPart part, IReadOnlyDictionary<string, double[]> numbers);
