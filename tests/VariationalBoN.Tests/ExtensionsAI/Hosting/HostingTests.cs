using System.Net;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Models;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.ExtensionsAI.Hosting;

/// <summary>Models in a host: from options to answers, and every wrong option named before the host is up.</summary>
[Trait("Tier", "torch")]
public sealed class HostingTests(HostingTests.Directories directories) : IClassFixture<HostingTests.Directories>
{
    [Fact]
    public async Task A_section_of_the_configuration_becomes_chat_clients_of_policy_reference_and_best_of_n()
    {
        using IHost host = Hosted(
            builder => builder.Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName)),
            ("Model", directories.Model),
            ("Adapters", directories.Adapters),
            ("Reward", directories.Reward),
            ("RewardLabel", TinyClassifier.Label),
            ("N", "3"),
            ("MaxNewTokens", "5")
        );
        await host.StartAsync();

        var client = host.Services.GetRequiredService<IChatClient>();
        Assert.Same(client, host.Services.GetRequiredKeyedService<IChatClient>(ServedModel.Policy));
        var options = new ChatOptions { Seed = 5 };
        string[] answers = await Task.WhenAll(
            new[] { ServedModel.Policy, ServedModel.Reference, ServedModel.BestOfN }.Select(async model =>
                (await host.Services.GetRequiredKeyedService<IChatClient>(model).GetResponseAsync("The film was", options)).Text
            )
        );
        Assert.All(answers, answer => Assert.NotEqual("", answer));
        Assert.Equal(answers[0], (await client.GetResponseAsync("The film was", options)).Text);
        Assert.NotEqual(answers[0], answers[1]); // the adapters are at work

        HealthReport health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, health.Status);
        Assert.Equal(2L, health.Entries["VariationalBoN"].Data["finished"]);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_key_that_is_no_option_and_every_fault_of_the_others_are_named_when_the_host_starts()
    {
        using IHost host = Hosted(
            builder => builder.Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName)),
            ("Modle", "typing error"),
            ("Model", "/no/such/place"),
            ("N", "0"),
            ("RewardEndpoint", "ftp://judge"),
            ("Device", "gpu")
        );
        string message = (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())).Message;

        foreach (
            string fault in (string[])
                [
                    "VariationalBoN:Modle, which is no option",
                    "MaxNewTokens",
                    "Model is \"/no/such/place\"; there is no such directory",
                    "N is 0; it must be at least 1",
                    "RewardEndpoint must be an absolute http",
                    "RewardName must be set together",
                    "Device is \"gpu\"",
                ]
        )
            Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_in_code_are_checked_as_those_of_a_section()
    {
        using IHost host = Hosted(builder =>
            builder.Services.AddVariationalBoN(options =>
            {
                options.Model = directories.Model;
                options.MaxNewTokens = 4;
                options.Temperature = -0.5;
                options.Device = "tpu";
            })
        );
        string message = (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())).Message;

        Assert.Contains("Temperature is -0.5", message, StringComparison.Ordinal);
        Assert.Contains("Device is \"tpu\"", message, StringComparison.Ordinal);
        Assert.DoesNotContain("MaxNewTokens", message, StringComparison.Ordinal);
        Assert.Equal((1.0, "cpu"), (new VariationalBoNOptions().Temperature, new VariationalBoNOptions().Device));
    }

    [Fact]
    public async Task A_value_of_another_type_is_named_with_its_key()
    {
        using IHost host = Hosted(
            builder => builder.Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName)),
            ("N", "eight")
        );
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.Contains("'eight' at 'VariationalBoN:N'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_misses_a_file_ends_the_start_with_its_name()
    {
        string broken = Directory.CreateTempSubdirectory("hosting-").FullName;
        try
        {
            foreach (
                string file in Directory.GetFiles(directories.Model).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal))
            )
                File.Copy(file, Path.Combine(broken, Path.GetFileName(file)));
            using IHost host = Hosted(builder => builder.Services.AddVariationalBoN(options => options.Model = broken));
            var error = await Assert.ThrowsAnyAsync<IOException>(() => host.StartAsync());

            Assert.Contains(broken, error.Message, StringComparison.Ordinal);
            Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(broken, recursive: true);
        }
    }

    [Fact]
    public async Task A_maximum_that_leaves_no_room_for_a_prompt_ends_the_start()
    {
        using IHost host = Hosted(builder =>
            builder.Services.AddVariationalBoN(options => (options.Model, options.MaxNewTokens) = (directories.Model, 64))
        );
        var error = await Assert.ThrowsAsync<ArgumentException>(() => host.StartAsync());

        Assert.Contains("VariationalBoN:MaxNewTokens is 64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_call_changes_the_options_of_the_first()
    {
        using IHost host = Hosted(
            builder =>
                builder
                    .Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName))
                    .AddVariationalBoN(options => options.MaxNewTokens = 3),
            ("Model", directories.Model),
            ("MaxNewTokens", "5")
        );
        await host.StartAsync();

        Assert.Equal(3, host.Services.GetRequiredService<IOptions<VariationalBoNOptions>>().Value.MaxNewTokens);
        Assert.Equal(3, host.Services.GetRequiredKeyedService<CausalLmPolicy>(ServedModel.Policy).Options.MaxNewTokens);
        Assert.Single((await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries);
        await host.StopAsync();
    }

    [Fact]
    public async Task Without_a_model_the_start_says_what_to_set_or_to_register()
    {
        using IHost host = Hosted(builder => builder.Services.AddVariationalBoN(_ => { }));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.Contains("VariationalBoN:Model", error.Message, StringComparison.Ordinal);
        Assert.Contains("CausalLmPolicy under the key \"policy\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_application_registered_before_is_what_is_served()
    {
        using var own = TinyModels.Gpt2();
        var policy = new CausalLmPolicy(
            own.Freeze(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 2 }
        );
        var reward = RewardModel.FromFunction((_, _) => 1, "own");
        using IHost host = Hosted(builder =>
        {
            builder.Services.AddKeyedSingleton(ServedModel.Policy, policy).AddSingleton(reward);
            builder.Services.AddVariationalBoN(options => options.MaxWaiting = 3); // less than N, which nothing here needs
        });
        await host.StartAsync();

        Assert.Same(policy, host.Services.GetRequiredKeyedService<CausalLmPolicy>(ServedModel.Policy));
        Assert.Same(reward, host.Services.GetRequiredService<IRewardModel>());
        Assert.Contains(
            "no reference",
            Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredKeyedService<IChatClient>(ServedModel.BestOfN)).Message,
            StringComparison.Ordinal
        );
        await host.StopAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reference_of_the_application_is_served_and_stopped_as_one_of_the_options_is(bool before)
    {
        using var own = TinyModels.Gpt2();
        var policy = new CausalLmPolicy(
            own.Freeze(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 2 }
        );
        using IHost host = Hosted(builder =>
        {
            builder.Services.AddKeyedSingleton(ServedModel.Policy, policy);
            if (before)
                builder.Services.AddKeyedSingleton(ServedModel.Reference, policy);
            builder.Services.AddVariationalBoN(_ => { });
            if (!before)
                builder.Services.AddKeyedSingleton(ServedModel.Reference, policy);
        });
        await host.StartAsync();
        var reference = host.Services.GetRequiredKeyedService<CompletionService>(ServedModel.Reference);

        Assert.Equal(
            [ServedModel.Policy, ServedModel.Reference],
            host.Services.GetRequiredService<ServedDecodes>().All.Select(one => one.Model)
        );
        _ = await reference.CompleteAsync(new CompletionRequest("1"));
        await host.StopAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reference.CompleteAsync(new CompletionRequest("1")));
    }

    [Fact]
    public async Task Draws_of_best_of_n_that_cannot_wait_together_are_refused_at_the_start()
    {
        using IHost host = Hosted(
            builder => builder.Services.AddVariationalBoN(builder.Configuration.GetSection(VariationalBoNOptions.SectionName)),
            ("Model", directories.Model),
            ("Adapters", directories.Adapters),
            ("Reward", directories.Reward),
            ("N", "9"),
            ("MaxWaiting", "8")
        );
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("N is 9; it must be at most MaxWaiting (8)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_loaded_before_any_service_of_the_host_starts()
    {
        var early = new Early();
        using IHost host = Hosted(builder =>
        {
            builder.Services.AddHostedService(_ => early);
            builder.Services.AddVariationalBoN(_ => { }); // there is nothing to serve
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.False(early.Started);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_judge_behind_http_is_asked_by_the_applications_client_and_its_retries_go_to_the_log_of_the_host(bool before)
    {
        var log = new List<LogLine>();
        var judge = new Judge();
        using IHost host = Hosted(builder =>
        {
            builder.Logging.AddProvider(new Provider(log));
            if (before)
                AddClient();
            builder.Services.AddVariationalBoN(options =>
                (options.RewardEndpoint, options.RewardName) = (new Uri("http://judge.test/score"), "judge 7")
            );
            if (!before)
                AddClient();

            void AddClient() =>
                builder
                    .Services.AddHttpClient(
                        VariationalBoNOptions.RewardClientName,
                        client => client.DefaultRequestHeaders.Add("X-Key", "secret")
                    )
                    .ConfigurePrimaryHttpMessageHandler(() => judge);
        });
        var reward = host.Services.GetRequiredService<IRewardModel>();
        RewardScores scores = await reward.ScoreAsync([new Completion { Prompt = "a", Text = "b" }], CancellationToken.None);

        Assert.Equal(0.25, Assert.Single(scores));
        Assert.Equal("judge 7", reward.Identity.Name);
        Assert.Equal(["secret", "secret"], judge.Keys);
        LogLine retry = Assert.Single(log, line => line.Event.Name == "Retry");
        Assert.Contains("503", retry.Text, StringComparison.Ordinal);
    }

    private static IHost Hosted(Action<HostApplicationBuilder> configure, params (string Key, string Value)[] section)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            section.Select(pair => KeyValuePair.Create($"{VariationalBoNOptions.SectionName}:{pair.Key}", (string?)pair.Value))
        );
        configure(builder);
        return builder.Build();
    }

    /// <summary>A model, adapters of it that change it, and a classifier: with random weights, made once.</summary>
    public sealed class Directories : IDisposable
    {
        private readonly string _root = Directory.CreateTempSubdirectory("hosting-models-").FullName;

        public Directories()
        {
            TinyLanguageModel.Write(Model, steps: 0);
            TinyClassifier.Write(Reward, steps: 0);
            using var model = PretrainedCausalLm.Load(Model);
            using var adapted = model.Model.WithLora();
            using var noGradient = TorchSharp.torch.no_grad();
            foreach (var parameter in adapted.LoraParameters())
                parameter.copy_(
                    TorchSharp.torch.sin(TorchSharp.torch.arange(parameter.numel(), dtype: TorchSharp.torch.float32)).view(parameter.shape)
                );
            adapted.SaveLora(Adapters);
        }

        public string Model => Path.Combine(_root, "model");

        public string Adapters => Path.Combine(_root, "adapters");

        public string Reward => Path.Combine(_root, "reward");

        public void Dispose() => Directory.Delete(_root, recursive: true);
    }

    /// <summary>Is away the first time.</summary>
    private sealed class Judge : HttpMessageHandler
    {
        public List<string> Keys { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Keys.Add(request.Headers.GetValues("X-Key").Single());
            return Task.FromResult(
                new HttpResponseMessage(Keys.Count == 1 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK)
                {
                    RequestMessage = request,
                    Content = new StringContent("""{"rewards": [0.25], "model": "judge 7"}""", Encoding.UTF8, "application/json"),
                }
            );
        }
    }

    private sealed class Early : IHostedService
    {
        public bool Started { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Started = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Provider(List<LogLine> lines) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new HeardLog(categoryName == "VariationalBoN" ? lines.Add : _ => { });

        public void Dispose() { }
    }
}
