using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using VariationalBoN.Extensions.AI.Serving;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>Healthy while the policy takes requests, degraded while half of the places to wait at are taken. Thread-safe.</summary>
internal sealed class ModelHealth(
    [FromKeyedServices(ServedModel.Policy)] CompletionService service, IOptions<VariationalBoNOptions> options) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        CompletionServiceStatistics now = service.Statistics;
        var data = new Dictionary<string, object> { ["waiting"] = now.Waiting, ["running"] = now.Running,
            ["finished"] = now.Finished, ["failed"] = now.Failed };
        return Task.FromResult(2 * now.Waiting < options.Value.MaxWaiting
            ? HealthCheckResult.Healthy("The policy takes requests.", data)
            : HealthCheckResult.Degraded($"{now.Waiting} of at most {options.Value.MaxWaiting} requests wait.", data: data));
    }
}
