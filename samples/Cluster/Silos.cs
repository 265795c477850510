using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using VariationalBoN.Orleans;

namespace Cluster;

/// <summary>Silos and clients of the run, on loopback. Stateless.</summary>
internal static class Silos
{
    private const string Service = "variationalbon-sample",
        PostgreSql = "Npgsql";

    /// <summary>The primary silo: knows who is there, and draws nothing.</summary>
    public static IHost Primary(Settings settings) =>
        Host(builder =>
            builder.UseOrleans(silo =>
            {
                silo.UseLocalhostClustering(
                    settings.Primary.Silo,
                    settings.Primary.Gateway,
                    serviceId: Service,
                    clusterId: settings.ClusterId
                );
                silo.AddVariationalBoN();
            })
        );

    /// <summary>A silo that draws and computes gradients.</summary>
    public static IHost Worker(Settings settings) =>
        Host(builder =>
            builder.UseOrleans(silo =>
            {
                Ports ports = FreePorts();
                if (settings.HasDatabase)
                {
                    if (settings.Postgres is string connection)
                        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (PostgreSql, connection));
                    else
                        silo.UseRedisClustering(settings.Redis!);
                    silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.ClusterId, Service));
                    silo.ConfigureEndpoints(IPAddress.Loopback, ports.Silo, ports.Gateway);
                }
                else
                {
                    var primary = new IPEndPoint(IPAddress.Loopback, settings.Primary.Silo);
                    silo.UseLocalhostClustering(ports.Silo, ports.Gateway, primary, Service, settings.ClusterId);
                }

                silo.AddVariationalBoN(_ => new ReviewWorld(settings).ToWorker());
            })
        );

    /// <summary>A client, which the learner is.</summary>
    public static IHost Client(Settings settings) =>
        Host(builder =>
            builder.UseOrleansClient(client =>
            {
                if (settings.HasDatabase)
                {
                    if (settings.Postgres is string connection)
                        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (PostgreSql, connection));
                    else
                        client.UseRedisClustering(settings.Redis!);
                    client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.ClusterId, Service));
                    client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
                }
                else
                {
                    client.UseLocalhostClustering(settings.Primary.Gateway, Service, settings.ClusterId);
                }

                client.AddVariationalBoN(connectFor: TimeSpan.FromMinutes(2));
            })
        );

    /// <summary>Two ports that are free now.</summary>
    public static Ports FreePorts()
    {
        using var silo = new TcpListener(IPAddress.Loopback, 0);
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        silo.Start();
        gateway.Start();
        return new Ports(((IPEndPoint)silo.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }

    private static IHost Host(Action<HostApplicationBuilder> configure)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders(); // what matters is told by this sample itself
        configure(builder);
        return builder.Build();
    }
}
