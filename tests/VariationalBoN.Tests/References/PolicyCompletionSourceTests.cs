using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

public sealed class PolicyCompletionSourceTests : CompletionSourceContract
{
    protected override ICompletionSource Source(IPolicy policy, Scorer scorer) => new PolicyCompletionSource(policy, scorer);
}
