namespace Serve.Tests;

/// <summary>Tests of one server, one after another: live tensors are counted for the whole process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneServer : ICollectionFixture<ServerFixture>
{
    public const string Name = "server";
}
