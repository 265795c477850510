using ServerPool;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>Draws with top-k and top-p, whose log pi a local copy says.</summary>
[Trait("Tier", "torch")]
public sealed class PoolTruncationTests : IDisposable
{
    private const int Vocabulary = 11;
    private static readonly Prompt[] s_prompts = ["1 2", "3", "4 5 6", "7"];
    private readonly Gpt2 _model = TinyModels.Gpt2(seed: 1, Vocabulary);

    public PoolTruncationTests()
    {
        foreach (var parameter in _model.parameters())
            parameter.requires_grad = false;
    }

    public void Dispose() => _model.Dispose();

    /// <summary>Pearson's chi-square over the tokens that top-k and top-p keep; at most 3 degrees of freedom, 28 is passed with probability
    /// 4e-6.</summary>
    [Theory]
    [InlineData(4, null, 1.0)]
    [InlineData(null, 0.9, 1.0)]
    [InlineData(4, 0.95, 0.8)]
    public async Task Draws_have_the_truncated_law_and_log_pi_is_that_of_the_copy(int? topK, double? topP, double temperature)
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 1,
                TopK = topK,
                TopP = topP,
                Temperature = temperature,
            }
        );
        await using CompletionsServer server = await CompletionsServer.StartAsync(new ServedModel(_model, Vocabulary).Draw);
        using var pool = new PoolHandler([server.Address]);
        const int Draws = 1500;

        IReadOnlyList<Completion> drawn = await Sampler(pool, copy).SampleAsync(["1 2"], Draws, seed: 5);

        Completion[] all = [.. Enumerable.Range(0, Vocabulary).Select(token => drawn[0] with { Tokens = [token] })];
        double[] law = [.. copy.LogProbValues(all).Select(Math.Exp)];
        var counts = drawn.CountBy(completion => completion.Tokens[0]).ToDictionary();
        int[] kept = [.. Enumerable.Range(0, Vocabulary).Where(token => law[token] > 0)];
        Assert.InRange(kept.Length, 2, topK ?? Vocabulary - 1);
        Assert.Equal(1, law.Sum(), 1e-6);
        Assert.Empty(counts.Keys.Except(kept));
        Assert.InRange(
            kept.Sum(token => Math.Pow(counts.GetValueOrDefault(token) - (Draws * law[token]), 2) / (Draws * law[token])),
            0,
            kept.Length <= 4 ? 28 : 45
        );
    }

    /// <summary>As a server in bfloat16 takes another token for the k-th now and then.</summary>
    [Fact]
    public async Task What_the_copy_gives_no_probability_is_drawn_again()
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 8,
                StopTokens = [0],
                TopK = 3,
            }
        );
        var model = new ServedModel(_model, Vocabulary);
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            model.Draw(request with { TopK = request.Seed % 16 == 0 ? request.TopK + 1 : request.TopK })
        );
        using var pool = new PoolHandler([server.Address]);
        PoolSampler sampler = Sampler(pool, copy, maxDrift: 0.05);

        IReadOnlyList<Completion> drawn = await sampler.SampleAsync(s_prompts, 64, seed: 1),
            again = await sampler.SampleAsync(s_prompts, 64, seed: 1);

        Assert.All(copy.LogProbValues(drawn), value => Assert.True(double.IsFinite(value)));
        Assert.Equal(drawn.Select(completion => completion.Text), again.Select(completion => completion.Text));
        Assert.InRange(server.Answered, 128 + (2 * 256) + 1, long.MaxValue); // some were drawn again
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(null, 0.5)]
    public async Task A_server_that_does_not_truncate_is_named(int? topK, double? topP)
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 8,
                StopTokens = [0],
                TopK = topK,
                TopP = topP,
            }
        );
        var model = new ServedModel(_model, Vocabulary);
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            model.Draw(request with { TopK = 0, TopP = 1 })
        );
        using var pool = new PoolHandler([server.Address]);

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool, copy).SampleAsync(s_prompts, 2, seed: 1));

        Assert.Contains(server.Address.Authority, thrown.Message);
        Assert.Contains("the copy gives no probability", thrown.Message);
        Assert.Contains(topK is null ? "top-p 0.5" : "top-k 3", thrown.Message);
    }

    [Fact]
    public async Task A_server_that_truncates_more_than_asked_is_named()
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 8,
                StopTokens = [0],
                TopK = 8,
            }
        );
        var model = new ServedModel(_model, Vocabulary);
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            model.Draw(request with { Temperature = 0.5 })
        );
        using var pool = new PoolHandler([server.Address]);

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool, copy).SampleAsync(s_prompts, 2, seed: 1));

        Assert.Contains("draws with another temperature", thrown.Message);
        Assert.Contains("top-k 8 as asked", thrown.Message);
    }

    /// <summary>Beside the policy that draws stands a reference of full support, as at rollouts and evaluation.</summary>
    [Fact]
    public async Task Truncated_draws_are_scored_under_a_reference_of_full_support()
    {
        CausalLmPolicy copy = Copy(
                new()
                {
                    MaxNewTokens = 8,
                    StopTokens = [0],
                    TopK = 3,
                }
            ),
            reference = copy.With(copy.Options with { TopK = null });
        await using CompletionsServer server = await CompletionsServer.StartAsync(new ServedModel(_model, Vocabulary).Draw);
        using var pool = new PoolHandler([server.Address]);
        var source = new PoolCompletionSource(
            Sampler(pool, copy),
            new Scorer(reference, RewardModel.FromFunction(completion => completion.Tokens.Length, "length"))
        );

        ScoredBatch drawn = await source.DrawAsync(s_prompts, 16, seed: 2);

        Assert.Equal(copy.Identity, source.Policy);
        double[] logPi = copy.LogProbValues(drawn.Completions);
        Assert.All(
            drawn.Select((item, i) => (item.LogReference, logPi[i])),
            pair => Assert.InRange(pair.LogReference, -1000, pair.Item2 + 1e-9)
        );
    }

    [Fact]
    public void A_copy_of_other_settings_and_truncation_without_a_copy_are_refused_with_the_remedy()
    {
        using var pool = new PoolHandler([new Uri("http://gpu1:8000")]);
        CausalLmPolicy full = Copy(new() { MaxNewTokens = 8 });
        GenerationOptions truncated = full.Options with { TopK = 3 };

        Assert.Contains("give a copy of these settings", Refused(truncated, new() { Model = "m", LocalCopy = full }));
        Assert.Contains("give a copy of these settings", Refused(full.Options, new() { Model = "m", LocalCopy = full.With(truncated) }));
        Assert.Contains("give a LocalCopy", Refused(truncated, new() { Model = "m", UncheckedIdentity = "m" }));

        string Refused(GenerationOptions generation, PoolSamplerOptions options) =>
            Assert.Throws<ArgumentException>(() => new PoolSampler(pool, new NumberTokenizer(Vocabulary), generation, options)).Message;
    }

    private CausalLmPolicy Copy(GenerationOptions options) => new(_model, new NumberTokenizer(Vocabulary), options);

    private static PoolSampler Sampler(PoolHandler pool, CausalLmPolicy copy, double maxDrift = 0.01) =>
        new(
            pool,
            new NumberTokenizer(Vocabulary),
            copy.Options,
            new()
            {
                Model = "tiny",
                LocalCopy = copy,
                MaxDrift = maxDrift,
            }
        );
}
