using Microsoft.Extensions.DependencyInjection;
using VariationalBoN.Extensions.AI.Serving;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// The decodes of a host: that of the policy, and that of the reference where the options or the application give one. Thread-safe.
/// </summary>
internal sealed class ServedDecodes
{
    /// <summary>Starts them.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="ownReference">Whether the application registered a reference of its own.</param>
    public ServedDecodes(IServiceProvider services, bool ownReference)
    {
        string[] models =
            ownReference || services.GetRequiredService<LoadedModels>().Reference is not null
                ? [ServedModel.Policy, ServedModel.Reference]
                : [ServedModel.Policy];
        All = [.. models.Select(model => (model, services.GetRequiredKeyedService<CompletionService>(model)))];
    }

    /// <summary>Each with its key.</summary>
    public IReadOnlyList<(string Model, CompletionService Service)> All { get; }
}
