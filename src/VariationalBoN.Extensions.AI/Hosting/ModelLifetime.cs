using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// Loads what is served before any service of the host starts, so that what is missing ends the start,
/// and lets requests end before it stops. Thread-safe.
/// </summary>
internal sealed class ModelLifetime(IServiceProvider services) : IHostedLifecycleService
{
    private ServedDecodes? _decodes;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                _decodes = services.GetRequiredService<ServedDecodes>();
                _ = services.GetRequiredKeyedService<IChatClient>(ServedModel.Policy);
                _ = services.GetRequiredService<ServingMetrics>();
            },
            cancellationToken
        );

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_decodes?.All.Select(decode => decode.Service.StopAsync(cancellationToken)) ?? []);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
