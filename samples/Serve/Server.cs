using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using SampleHosting;
using Serve.OpenAI;
using VariationalBoN;
using VariationalBoN.Extensions.AI.Hosting;

namespace Serve;

/// <summary>The web application: what is served, and how a request that cannot be answered is refused. Stateless.</summary>
internal static class Server
{
    /// <summary>The longest body of a request.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(4);

    /// <summary>Builds the application; nothing is loaded before it starts.</summary>
    /// <param name="arguments">Models, port, limits.</param>
    /// <param name="configure">What is changed before it is built, such as logs in a test; null for nothing.</param>
    public static WebApplication Create(Arguments arguments, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, arguments.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None); // a start that failed is said in one line
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_shutdown);
        builder.Services.Configure<HostFilteringOptions>(hosts => hosts.AllowedHosts = ["localhost", "127.0.0.1"]); // no rebound names

        // snippet: services
        builder.Services.AddVariationalBoN(options =>
        {
            options.Model = arguments.Model; // the aligned model; or a section of the configuration in place of all this
            options.Adapters = arguments.Adapters;
            options.Reference = arguments.Reference;
            options.Reward = arguments.Reward;
            options.RewardLabel = arguments.RewardLabel;
            options.N = arguments.N;
            options.MaxNewTokens = arguments.MaxNewTokens;
            options.ElementType = arguments.ElementType;
            options.MaxWaiting = arguments.MaxRequests;
        });
        builder
            .Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(Telemetry.MeterName, "Microsoft.AspNetCore.Hosting").AddPrometheusExporter());
        // end snippet
        builder.Services.AddSingleton(Served.By(arguments));
        configure?.Invoke(builder);

        WebApplication app = builder.Build();
        app.UseExceptionHandler(
            new ExceptionHandlerOptions
            {
                ExceptionHandler = context =>
                    Refusals.Of(context, context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error).ExecuteAsync(context),
                AllowStatusCode404Response = true, // a model that is not served
                SuppressDiagnosticsCallback = failed => Refusals.IsRefusal(failed.HttpContext, failed.Exception),
            }
        );
        app.UseStatusCodePages(context =>
            Refusals.Of(context.HttpContext.Response.StatusCode, context.HttpContext.Request).ExecuteAsync(context.HttpContext)
        );
        app.Use(StopWithTheServer);
        app.MapGet("/", Page);
        app.MapGet(
            "/v1/models",
            (Served served) =>
                Results.Json(new ModelList([.. served.Models.Select(model => new ModelEntry(model.Id, served.Started))]), Answers.Json)
        );
        app.MapPost("/v1/chat/completions", ChatEndpoint.AnswerAsync);
        app.MapPost("/compare", Comparison.AnswerAsync);
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = WriteHealthAsync });
        app.MapPrometheusScrapingEndpoint();
        return app;
    }

    /// <summary>Loads the models and listens.</summary>
    /// <exception cref="UsageException">The port cannot be had.</exception>
    public static async Task StartAsync(WebApplication app, Arguments arguments, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or { InnerException: AddressInUseException })
        {
            throw new UsageException(
                $"--port is {arguments.Port}; the server cannot listen there: {e.Message.TrimEnd('.')}. "
                    + "Give another port, or 0 for a free one.",
                e
            );
        }
    }

    /// <summary>The address that it listens at.</summary>
    public static Uri AddressOf(WebApplication app) => new(app.Urls.First());

    /// <summary>What a request waits for ends with the server, not only with its client.</summary>
    private static async Task StopWithTheServer(HttpContext context, RequestDelegate next)
    {
        CancellationToken stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        CancellationToken gone = context.RequestAborted;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        context.RequestAborted = either.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !gone.IsCancellationRequested)
        {
            context.RequestAborted = gone;
            if (context.Response.HasStarted)
                context.Abort(); // a stream in the middle: its client sees that it broke off
            else
                await Answers.Error(Refusals.Stopping()).ExecuteAsync(context);
        }
        finally
        {
            context.RequestAborted = gone;
        }
    }

    private static IResult Page(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        return Results.Stream(typeof(Server).Assembly.GetManifestResourceStream("page.html")!, "text/html; charset=utf-8");
    }

    private static Task WriteHealthAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(
            new
            {
                status = report.Status.ToString(),
                checks = report.Entries.ToDictionary(
                    entry => entry.Key,
                    entry => new
                    {
                        status = entry.Value.Status.ToString(),
                        entry.Value.Description,
                        entry.Value.Data,
                    }
                ),
            }
        );
}
