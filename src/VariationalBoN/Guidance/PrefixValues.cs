using System.Diagnostics.CodeAnalysis;
using TorchSharp;

namespace VariationalBoN.Guidance;

/// <summary>Values at the ends of R rows, on the device of the reference. As thread-safe as its tensors.</summary>
/// <param name="Prefix">log E_ref[w | prefix], [R], float32 or float64.</param>
/// <param name="Tokens">log E_ref[w | prefix, token] of k candidates, [R, k].</param>
[Experimental(ExperimentalIds.Guidance)]
public readonly record struct PrefixValues(torch.Tensor Prefix, torch.Tensor Tokens);
