using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;

namespace VariationalBoN.Tests.ExtensionsAI.Hosting;

/// <summary>The programs of docs/hosting.md, run.</summary>
[Trait("Tier", "torch")]
public sealed class HostingProgram(HostingTests.Directories directories) : IClassFixture<HostingTests.Directories>
{
    [Fact]
    public async Task Program_of_the_page_answers()
    {
        string[] args =
        [
            .. new[]
            {
                $"Model={directories.Model}",
                $"Adapters={directories.Adapters}",
                $"Reward={directories.Reward}",
                $"RewardLabel={TinyClassifier.Label}",
                "MaxNewTokens=8",
            }.Select(option => $"--VariationalBoN:{option}"),
        ];

        // snippet: program
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName));
        using IHost host = builder.Build();
        await host.StartAsync(); // loads the models; a wrong option or a missing file ends it here

        var chat = host.Services.GetRequiredService<IChatClient>(); // one draw of the aligned policy
        var best = host.Services.GetRequiredKeyedService<IChatClient>(ServedModel.BestOfN);
        foreach (IChatClient client in (IChatClient[])[chat, best])
            Console.WriteLine(await client.GetResponseAsync("The film was", new ChatOptions { Seed = 1 }));
        await host.StopAsync();
        // end snippet
        Assert.NotSame(chat, best);
    }

    [Fact]
    public void Headers_of_the_judges_client_are_the_applications()
    {
        var builder = Host.CreateApplicationBuilder(["--JudgeKey", "k"]);
        builder.Services.AddVariationalBoN(_ => { });
        // snippet: http
        builder.Services.AddHttpClient(
            VariationalBoNOptions.RewardClientName,
            client =>
            {
                client.Timeout = TimeSpan.FromSeconds(30);
                client.DefaultRequestHeaders.Authorization = new("Bearer", builder.Configuration["JudgeKey"]);
            }
        );
        // end snippet
        using IHost host = builder.Build();
        using HttpClient made = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient(VariationalBoNOptions.RewardClientName);
        Assert.Equal("k", made.DefaultRequestHeaders.Authorization!.Parameter);
    }

    [Fact]
    public void Loggers_are_options()
    {
        string directory = directories.Model;
        // snippet: logs
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddConsole());
        ILogger log = loggers.CreateLogger("VariationalBoN");

        using var model = PretrainedCausalLm.Load(directory, new PretrainedOptions { Logger = log });
        var generation = new GenerationOptions
        {
            MaxNewTokens = 24,
            StopTokens = model.StopTokens,
            Logger = log,
        };
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude, Logger = log };
        var sampling = new ReferenceTableOptions { SamplesPerPrompt = 64, Logger = log };
        // end snippet
        Assert.All([generation.Logger, scoring.Logger, sampling.Logger], Assert.NotNull);
    }
}
