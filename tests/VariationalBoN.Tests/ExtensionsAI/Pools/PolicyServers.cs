using System.Collections.Concurrent;
using System.Collections.Immutable;
using ServerPool;
using TorchSharp;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>Two servers on loopback that serve policies over the prompts a, b and c by name.</summary>
public sealed class PolicyServers : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, IPolicy> _models = new();
    private readonly List<CompletionsServer> _servers = [];

    /// <summary>Makes a source of a policy that both servers serve under a new name.</summary>
    public ICompletionSource Source(IPolicy policy, Scorer scorer)
    {
        string name = $"model {_models.Count}";
        _models[name] = policy;
        var pool = new PoolHandler(
            [.. _servers.Select(server => server.Address)],
            new() { FirstPause = TimeSpan.FromMilliseconds(1), MaxTriesPerServer = 2 }
        );
        var sampler = new PoolSampler(
            pool,
            new LetterTokenizer(),
            new GenerationOptions { MaxNewTokens = 2 },
            new()
            {
                Model = name,
                LocalCopy = policy,
                CheckedCompletions = 8,
            }
        );
        return new PoolCompletionSource(sampler, scorer);
    }

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 2; i++)
            _servers.Add(await CompletionsServer.StartAsync(Draw));
    }

    public async Task DisposeAsync()
    {
        foreach (CompletionsServer server in _servers)
            await server.DisposeAsync();
    }

    private ServedAnswer Draw(ServedRequest request)
    {
        IPolicy policy = _models[request.Model];
        Completion drawn = policy.Sample([LetterTokenizer.Prompts[request.Prompt[0]]], 1, request.Seed)[0];
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        double[] logProbs = policy is ITokenPolicy tokens
            ? tokens.TokenLogProb([drawn]).data<double>().ToArray()
            : [0, policy.LogProbValues([drawn])[0]];
        return new ServedAnswer([.. drawn.Tokens], logProbs, drawn.Text, Stopped: false);
    }

    private sealed class LetterTokenizer : ITokenizer
    {
        public static ImmutableArray<string> Prompts { get; } = ["a", "b", "c"];

        public ModelIdentity Identity => "letters";

        public int VocabularySize => 5;

        public ImmutableArray<int> Encode(string text) => [Prompts.IndexOf(text)];

        public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens);
    }
}
