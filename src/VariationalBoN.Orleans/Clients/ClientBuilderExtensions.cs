using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using VariationalBoN.Orleans.Clients;

namespace VariationalBoN.Orleans;

/// <summary>Adds to a client of Orleans what this library needs. Stateless, thread-safe.</summary>
[Experimental(ExperimentalIds.Cluster)]
public static class ClientBuilderExtensions
{
    /// <summary>Tries to connect for some time, since silos that load models
    /// start slowly; when that fails, the exception says what to check.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="connectFor">For how long; null for 30 seconds.</param>
    /// <returns>The client.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="connectFor"/> is negative.</exception>
    public static IClientBuilder AddVariationalBoN(this IClientBuilder builder, TimeSpan? connectFor = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TimeSpan time = connectFor ?? TimeSpan.FromSeconds(30);
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, nameof(connectFor));
        builder.Services.AddSingleton<IClientConnectionRetryFilter>(services =>
            ActivatorUtilities.CreateInstance<ConnectionRetries>(services, time)
        );
        return builder;
    }
}
