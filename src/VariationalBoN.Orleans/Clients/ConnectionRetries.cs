using System.Diagnostics;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;

namespace VariationalBoN.Orleans.Clients;

/// <summary>Tries to connect until a time is over; then says which addresses were tried.</summary>
internal sealed class ConnectionRetries(TimeSpan time, IOptions<ClusterOptions> cluster, IGatewayListProvider gateways)
    : IClientConnectionRetryFilter
{
    private readonly long _begun = Stopwatch.GetTimestamp();

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetElapsedTime(_begun) < time)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5), cancellationToken).ConfigureAwait(false);
            return true;
        }

        string addresses;
        try
        {
            addresses = string.Join(", ", await gateways.GetGateways().ConfigureAwait(false));
        }
        catch (Exception e)
        {
            addresses = $"none: {e.Message}";
        }

        throw new ClusterException(
            $"No silo of the cluster \"{cluster.Value.ClusterId}\", service \"{cluster.Value.ServiceId}\", "
                + $"answered within {time.TotalSeconds:0.#} seconds at "
                + $"{(addresses.Length == 0 ? "any gateway, since none is known" : addresses)}. See that a silo runs there, that its "
                + "gateway port is open, and that both ids are those of the silo.",
            exception
        );
    }
}
