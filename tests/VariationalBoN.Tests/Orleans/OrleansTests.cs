namespace VariationalBoN.Tests.Orleans;

/// <summary>Tests that share one cluster, one after another.</summary>
[CollectionDefinition(nameof(OrleansTests))]
public sealed class OrleansTests : ICollectionFixture<ClusterFixture>;
