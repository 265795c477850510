using Orleans.Runtime.Placement;

namespace VariationalBoN.Orleans.Silos;

/// <summary>Finds the silo that the key of a grain names. Stateless.</summary>
internal sealed class WorkerPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string key = target.GrainIdentity.Key.ToString()!;
        var address = SiloAddress.FromParsableString(key);
        return Array.IndexOf(context.GetCompatibleSilos(target), address) >= 0
            ? Task.FromResult(address)
            : throw new SiloUnavailableException($"The silo {key} is not in the cluster (any more), so that its worker cannot be asked.");
    }
}
