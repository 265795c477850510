using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

[ContractOf(typeof(PoolCompletionSource))]
public sealed class PoolCompletionSourceTests(PolicyServers servers) : CompletionSourceContract, IClassFixture<PolicyServers>
{
    protected override bool DrawsWithTheseSeeds => false;

    protected override ICompletionSource Source(IPolicy policy, Scorer scorer) => servers.Source(policy, scorer);
}
