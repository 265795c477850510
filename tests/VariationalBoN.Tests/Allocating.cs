namespace VariationalBoN.Tests;

/// <summary>Tests that allocate by the gigabyte: the garbage collections they cause can free a number
/// that libtorch reads in a test beside them (docs/troubleshooting.md).</summary>
[CollectionDefinition("Allocating", DisableParallelization = true)]
public sealed class Allocating;
