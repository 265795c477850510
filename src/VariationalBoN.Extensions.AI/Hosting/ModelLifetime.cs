using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using VariationalBoN.Extensions.AI.Serving;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// Loads what is served before the host listens, so that what is missing ends the start, and lets requests end before it stops.
/// Thread-safe.
/// </summary>
internal sealed class ModelLifetime(IServiceProvider services) : IHostedService
{
    private readonly List<CompletionService> _started = [];

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var models = services.GetRequiredService<LoadedModels>();
            _ = services.GetRequiredKeyedService<IChatClient>(ServedModel.Policy);
            _started.Add(services.GetRequiredKeyedService<CompletionService>(ServedModel.Policy));
            if (models.Reference is not null)
                _started.Add(services.GetRequiredKeyedService<CompletionService>(ServedModel.Reference));
            _ = services.GetRequiredService<ServingMetrics>();
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_started.Select(service => service.StopAsync(cancellationToken)));
}
