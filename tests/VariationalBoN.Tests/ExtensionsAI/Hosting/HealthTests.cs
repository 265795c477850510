using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.ExtensionsAI.Hosting;

/// <summary>A decode that draws no more is told to a supervisor.</summary>
[Trait("Tier", "torch")]
public sealed class HealthTests
{
    [Theory]
    [InlineData(ServedModel.Policy)]
    [InlineData(ServedModel.Reference)]
    public async Task A_decode_that_failed_is_unhealthy_with_its_error(string model)
    {
        using var own = TinyModels.Gpt2();
        using IHost host = Hosted(own);
        await host.StartAsync();
        var fault = new InvalidOperationException("broken");
        Fail(host.Services.GetRequiredKeyedService<CompletionService>(model), fault);

        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal((HealthStatus.Unhealthy, fault), (entry.Status, entry.Exception));
        Assert.Contains($"decode of the {model} has failed", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_has_stopped_is_unhealthy()
    {
        using var own = TinyModels.Gpt2();
        using IHost host = Hosted(own);
        await host.StartAsync();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        await host.StopAsync();

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(host)).Status);
    }

    private static IHost Hosted(CausalTransformer model)
    {
        var policy = new CausalLmPolicy(
            model.Freeze(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 2 }
        );
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddKeyedSingleton(ServedModel.Policy, policy).AddKeyedSingleton(ServedModel.Reference, policy);
        builder.Services.AddVariationalBoN(_ => { });
        return builder.Build();
    }

    private static async Task<HealthReportEntry> CheckAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["VariationalBoN"];

    /// <summary>Ends a service as an error of its thread does, which no request is meant to be able to cause.</summary>
    private static void Fail(CompletionService service, Exception fault) =>
        (
            (RequestQueue)typeof(CompletionService).GetField("_queue", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(service)!
        ).Stop(fault);
}
