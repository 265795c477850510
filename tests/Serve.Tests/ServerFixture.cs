using System.ClientModel;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using OpenAI;
using VariationalBoN.Testing.Models;

namespace Serve.Tests;

/// <summary>One server for all tests, in this process, with random tiny models: on a free port of the loopback address.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("serve-").FullName;
    private WebApplication? _app;

    public HttpClient Http { get; private set; } = new();

    public Uri Address => Http.BaseAddress!;

    internal Arguments Arguments =>
        new()
        {
            Model = Path.Combine(_root, "policy"),
            Reference = Path.Combine(_root, "reference"),
            Reward = Path.Combine(_root, "reward"),
            RewardLabel = TinyClassifier.Label,
            N = 4,
            MaxNewTokens = 24,
            Port = 0,
        };

    public async Task InitializeAsync()
    {
        TorchSharp.torch.set_num_threads(1);
        TinyLanguageModel.Write(Arguments.Model!, steps: 0, seed: 1);
        TinyLanguageModel.Write(Arguments.Reference!, steps: 0, seed: 2);
        TinyClassifier.Write(Arguments.Reward!, steps: 0);
        _app = Server.Create(Arguments);
        await _app.StartAsync();
        Http = new HttpClient { BaseAddress = Server.AddressOf(_app) };
    }

    public async Task DisposeAsync()
    {
        Http.Dispose();
        await _app!.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>A chat client as a user writes it.</summary>
    public IChatClient Chat(string model = "policy") => Chat(Address, model);

    /// <summary>One of another server.</summary>
    public static IChatClient Chat(Uri address, string model) =>
        new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(address, "v1") })
            .GetChatClient(model)
            .AsIChatClient();

    /// <summary>Posts JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, object body) => Http.PostAsJsonAsync(path, body);

    /// <summary>The check of the policy, as <c>/health</c> tells it.</summary>
    public async Task<JsonElement> HealthAsync() =>
        (await Http.GetFromJsonAsync<JsonElement>("health")).GetProperty("checks").GetProperty("VariationalBoN").GetProperty("data");
}
