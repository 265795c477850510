using VariationalBoN.Guidance;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.Guidance;

/// <summary>A guided policy is a policy in every respect.</summary>
public sealed class GuidedPolicyContractTests : PolicyContractTests
{
    private static readonly ValueHead s_head = GuidedExample.HeadAsync(GuidedExample.Options(epochs: 4)).GetAwaiter().GetResult();

    protected override IReadOnlyList<Prompt> Prompts => ["1 2 3 4", "0", "2 2"];

    protected override IPolicy Create() =>
        new GuidedPolicy(
            GuidedExample.Made.GetAwaiter().GetResult().Reference,
            s_head,
            RankWeight.BestOf(6),
            new GuidanceOptions { TopTokens = 3 }
        );
}
