using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VariationalBoN.Orleans;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>Silos and clients of one cluster in this process, on free ports of loopback. Stateless.</summary>
internal static class LoopbackHosts
{
    /// <summary>A silo with a worker, or without one.</summary>
    /// <param name="config">The model of the worker; null for none.</param>
    /// <param name="ports">Its ports.</param>
    /// <param name="primary">The port of the first silo, which it joins; 0 where it is the first.</param>
    public static IHost Silo(Gpt2Config? config, out (int Silo, int Gateway) ports, int primary)
    {
        (int Silo, int Gateway) own = ports = (FreePort(), FreePort());
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(own.Silo, own.Gateway, primary == 0 ? null : new IPEndPoint(IPAddress.Loopback, primary));
            if (config is null)
                silo.AddVariationalBoN();
            else
                silo.AddVariationalBoN(_ => new AdaptedModel(config).ToWorker());
        });
        return builder.Build();
    }

    /// <summary>A client of the silo with this gateway.</summary>
    public static IHost Client(int gateway)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client.UseLocalhostClustering(gateway).AddVariationalBoN());
        return builder.Build();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
