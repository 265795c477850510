namespace VariationalBoN.Tests;

/// <summary>Tests that step TorchSharp's optimizers: a garbage collection caused by a test beside
/// them can free a number that libtorch reads (docs/troubleshooting.md).</summary>
[CollectionDefinition("Optimizers", DisableParallelization = true)]
public sealed class Optimizers;
