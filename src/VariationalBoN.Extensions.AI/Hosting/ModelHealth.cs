using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using VariationalBoN.Extensions.AI.Serving;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// Unhealthy when a decode has failed or is stopped, degraded while half of the
/// policy's places to wait at are taken, healthy otherwise. Thread-safe.
/// </summary>
internal sealed class ModelHealth(ServedDecodes decodes, IOptions<VariationalBoNOptions> options) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        CompletionServiceStatistics now = decodes.All[0].Service.Statistics;
        var data = new Dictionary<string, object>
        {
            ["waiting"] = now.Waiting,
            ["running"] = now.Running,
            ["finished"] = now.Finished,
            ["failed"] = now.Failed,
        };
        foreach ((string model, CompletionService service) in decodes.All)
        {
            if (service.Fault is Exception fault)
            {
                return Task.FromResult(
                    HealthCheckResult.Unhealthy(
                        $"The decode of the {model} has failed and draws no more; the log says why. Restart the program.",
                        fault,
                        data
                    )
                );
            }

            if (service.IsStopped)
                return Task.FromResult(HealthCheckResult.Unhealthy($"The decode of the {model} is stopped.", data: data));
        }

        return Task.FromResult(
            2 * now.Waiting < options.Value.MaxWaiting
                ? HealthCheckResult.Healthy("The policy takes requests.", data)
                : HealthCheckResult.Degraded($"{now.Waiting} of at most {options.Value.MaxWaiting} requests wait.", data: data)
        );
    }
}
