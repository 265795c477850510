using Orleans.Concurrency;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

/// <summary>Answers on the silo that a client is connected with, from what that silo knows: nothing else must be alive for it.</summary>
[StatelessWorker, GrainType("variationalbon-cluster-view")]
internal sealed class ClusterViewGrain(IClusterMembershipService membership) : Grain, IClusterViewGrain
{
    public Task<ClusterView> ViewAsync()
    {
        ClusterMembershipSnapshot now = membership.CurrentSnapshot;
        return Task.FromResult(
            new ClusterView(now.Version.Value, Those(SiloStatus.Active), [.. Those(SiloStatus.ShuttingDown), .. Those(SiloStatus.Stopping)])
        );

        string[] Those(SiloStatus status) =>
            [.. now.Members.Where(member => member.Value.Status == status).Select(member => member.Key.ToParsableString())];
    }
}
