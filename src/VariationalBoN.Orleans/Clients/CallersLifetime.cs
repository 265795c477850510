using Microsoft.Extensions.Hosting;

namespace VariationalBoN.Orleans.Clients;

/// <summary>The lifetime of a host inside a program that is no host: it ends when the program says so. That of the console would take
/// Ctrl+C and SIGTERM from the program. Stateless.</summary>
internal sealed class CallersLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
