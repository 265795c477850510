using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Policies;

public sealed class TabularPolicyContractTests : PolicyContractTests
{
    protected override IReadOnlyList<Prompt> Prompts => ["a", "b", "c"];

    protected override IPolicy Create() =>
        new TabularPolicy(Prompts, vocabularySize: 3, length: 3, [.. Enumerable.Range(0, 3 * 13 * 3).Select(i => Math.Sin(i * 2.3))]);
}
