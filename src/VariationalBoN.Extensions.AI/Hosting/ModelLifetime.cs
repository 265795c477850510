using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>Loads what is served before the host listens, so that what is missing ends the start; the container frees it. Thread-safe.</summary>
internal sealed class ModelLifetime(IServiceProvider services) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            _ = services.GetRequiredService<LoadedModels>();
            _ = services.GetRequiredKeyedService<IChatClient>(ServedModel.Policy);
            _ = services.GetRequiredService<ServingMetrics>();
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
