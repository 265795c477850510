namespace VariationalBoN.Tests;

/// <summary>Tests that count live tensors: the count is process-wide, so nothing else may run meanwhile.</summary>
[CollectionDefinition("Leaks", DisableParallelization = true)]
public sealed class Leaks;
