using ServerPool;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.References;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>A table of reference samples drawn by servers on loopback,
/// some of which are killed, slow, away, or draw from something else.</summary>
[Trait("Tier", "torch")]
public sealed class PoolJobTests : StoreFixture
{
    private const int Vocabulary = 11;
    private static readonly Prompt[] s_prompts = ["1 2", "3", "4 5 6", "7"];
    private static readonly IRewardModel s_judge = RewardModel.FromFunction(completion => completion.Tokens.Sum() / 7.0, "sum");
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5),
        s_short = TimeSpan.FromMilliseconds(1);
    private readonly Gpt2 _model = Model(seed: 1);

    [Fact]
    public async Task A_job_ends_with_the_right_store_though_servers_are_killed_slow_and_away()
    {
        await using var whole = await Start();
        await EstimateAsync([whole], Store, held: 16);

        await using CompletionsServer first = await Start(),
            slow = await Start(ServerFault.Slow),
            away = await Start(ServerFault.Unavailable);
        first.OnRequest = answered =>
        {
            if (answered == 150)
                _ = first.KillAsync(); // with requests under way
            if (answered == 100)
                away.Fault = ServerFault.None; // it comes up, is tried and takes over
        };
        using PoolHandler pool = await EstimateAsync([first, slow, away], Named("pool.db"), held: 16);

        Assert.Equal(Rows(Store), Rows(Named("pool.db")));
        Assert.InRange(pool.Health[0].Failed, 1, long.MaxValue);
        Assert.InRange(pool.Health[2].Failed, 1, long.MaxValue);
        Assert.InRange(pool.Health[2].Answered, 17, long.MaxValue);
        Assert.InRange(slow.Answered, 17, away.Answered - 1); // a slow one is given less
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_held_to_the_copy_holds_nothing_up()
    {
        await using CompletionsServer first = await Start(),
            second = await Start();
        first.OnRequest = answered => _ = answered == 10 ? first.KillAsync() : Task.CompletedTask;
        using var pool = new PoolHandler([first.Address, second.Address], new() { FirstPause = s_pause, MaxPause = s_pause });
        using var limit = new CancellationTokenSource(6 * s_pause); // a request that waits for it is tried 8 times

        Assert.Equal(32, (await Sampler(pool).SampleAsync(s_prompts, 8, seed: 1, limit.Token)).Count);
        Assert.InRange(pool.Health[0].Failed, 1, long.MaxValue);
    }

    [Fact]
    public async Task A_server_that_turns_some_away_is_held_to_the_copy_all_the_same()
    {
        await using CompletionsServer busy = await Start(ServerFault.Busy);
        using var pool = new PoolHandler([busy.Address], new() { FirstPause = s_short, MaxPause = s_short });

        Assert.Equal(8, (await Sampler(pool).SampleAsync(s_prompts, 2, seed: 1)).Count);
        Assert.InRange(pool.Health[0].Failed, 1, long.MaxValue);
    }

    [Fact]
    public async Task A_server_that_never_lives_through_its_check_is_named()
    {
        await using CompletionsServer server = await Start();
        server.OnRequest = answered => server.Fault = answered % 2 == 0 ? ServerFault.Unavailable : ServerFault.None;
        using var pool = new PoolHandler(
            [server.Address],
            new()
            {
                FirstPause = s_short,
                MaxPause = s_short,
                MaxTriesPerServer = 3,
            }
        );
        using var limit = new CancellationTokenSource(6 * s_pause);

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool).SampleAsync(["1"], 1, seed: 1, limit.Token));

        Assert.Contains($"{server.Address.Authority}/ failed at each of 3 tries to compare it with the local copy", thrown.Message);
        Assert.Contains("503", thrown.Message);
    }

    [Fact]
    public async Task The_same_call_again_is_no_repetition()
    {
        await using CompletionsServer server = await Start();
        using var pool = new PoolHandler([server.Address]);
        PoolSampler sampler = Sampler(pool);

        for (int i = 0; i < 8; i++)
            Assert.Equal(4, (await sampler.SampleAsync(s_prompts, 1, seed: 1)).Count);
    }

    [Theory]
    [InlineData(nameof(ServerFault.OtherTemperature), "draws with another temperature")]
    [InlineData(nameof(ServerFault.OneAnswer), "for every seed")]
    [InlineData(nameof(ServerFault.WithoutIds), "a text without token ids")]
    public async Task A_server_that_does_not_draw_is_named_and_nothing_of_it_is_taken(string fault, string said)
    {
        await using CompletionsServer good = await Start(),
            bad = await Start(Enum.Parse<ServerFault>(fault));

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => EstimateAsync([good, bad], Store));

        Assert.Equal(RemoteFailure.BadAnswer, thrown.Failure);
        Assert.Contains($"{bad.Address.Authority}", thrown.Message);
        Assert.DoesNotContain($"{good.Address.Authority}", thrown.Message);
        Assert.Contains(said, thrown.Message);
    }

    [Fact]
    public async Task Other_weights_are_named_also_where_a_server_comes_back_with_them()
    {
        using Gpt2 other = Model(seed: 2);
        var (mine, others) = (new ServedModel(_model, Vocabulary), new ServedModel(other, Vocabulary));
        bool changed = false;
        await using CompletionsServer server = await CompletionsServer.StartAsync(request => (changed ? others : mine).Draw(request));
        int away = 0;
        server.OnRequest = answered =>
        {
            if (answered == 200)
                (server.Fault, changed) = (ServerFault.Unavailable, true);
            else if (server.Fault == ServerFault.Unavailable && ++away == 3)
                server.Fault = ServerFault.None;
        };

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => EstimateAsync([server], Store));

        Assert.Contains("other weights", thrown.Message);
        Assert.Contains("nats a token off", thrown.Message);
    }

    [Theory]
    [InlineData("stop", "is no stop token: the server ends answers by itself")]
    [InlineData("past", "goes on after the stop token")]
    [InlineData("prompt", "such as a BOS token")]
    [InlineData("ids", "outside the vocabulary of 0 to 10")]
    public async Task An_answer_that_is_no_draw_is_refused_with_what_to_do(string what, string said)
    {
        var model = new ServedModel(_model, Vocabulary);
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
        {
            ServedAnswer answer = model.Draw(
                what == "prompt" ? request with { Prompt = [0, .. request.Prompt] } : request with { StopTokens = [] }
            );
            int[] tokens = what switch
            {
                "stop" => [1, 2],
                "past" => [1, 0, 2],
                "ids" => [1, 11],
                _ => answer.Tokens,
            };
            return answer with { Tokens = tokens, LogProbs = [.. tokens.Select(_ => -1.0)] };
        });
        server.EchoedPrompt = what == "prompt" ? prompt => [0, .. prompt] : null;

        Assert.Contains(said, (await Assert.ThrowsAsync<RemoteServiceException>(() => EstimateAsync([server], Store))).Message);
    }

    [Fact]
    public async Task Without_a_local_copy_one_says_so_and_log_pi_is_what_the_server_says()
    {
        await using CompletionsServer server = await Start();
        using var pool = new PoolHandler([server.Address]);
        ModelIdentity identity = Reference().Identity;
        Assert.Contains(
            "neither LocalCopy nor UncheckedIdentity is set",
            Assert
                .Throws<ArgumentException>(() =>
                    new PoolSampler(pool, new NumberTokenizer(Vocabulary), Generation, new() { Model = "tiny" })
                )
                .Message
        );
        Assert.Contains(
            "TopK or TopP is set",
            Assert
                .Throws<ArgumentException>(() =>
                    new PoolSampler(
                        pool,
                        new NumberTokenizer(Vocabulary),
                        Generation with
                        {
                            TopP = 0.9,
                        },
                        new() { Model = "tiny", UncheckedIdentity = identity }
                    )
                )
                .Message
        );
        Assert.Contains(
            "temperature 1",
            Assert
                .Throws<ArgumentException>(() =>
                    new PoolSampler(
                        pool,
                        new NumberTokenizer(Vocabulary),
                        Generation with
                        {
                            Temperature = 0.5,
                        },
                        new() { Model = "tiny", UncheckedIdentity = identity }
                    )
                )
                .Message
        );
        var sampler = new PoolSampler(
            pool,
            new NumberTokenizer(Vocabulary),
            Generation,
            new()
            {
                Model = "tiny",
                UncheckedIdentity = identity,
                MaxConcurrency = 2,
            }
        );
        Assert.Equal((Generation, 2), (sampler.Generation, sampler.Concurrency));

        using var table = await ReferenceTable.EstimateAsync(
            new PoolCompletionSource(sampler, new Scorer(sampler.Policy, s_judge)),
            s_prompts,
            new() { SamplesPerPrompt = 8, Seed = 3 }
        );

        table.RequireMatch(new Scorer(Reference(), s_judge)); // used as that of a local reference, as was said
        Assert.All(
            table.Prompts,
            prompt =>
                Assert.Equal(
                    Reference().LogProbValues([.. prompt.Samples.Select(sample => sample.Completion)]),
                    prompt.Samples.Select(sample => sample.LogReference),
                    (a, b) => Math.Abs(a - b) < 1e-4
                )
        );
        Assert.Contains(
            "was not drawn by this pool",
            Assert.Throws<ArgumentException>(() => sampler.Policy.LogProbValues(Reference().Sample(["1"], 1, seed: 1))).Message
        );
    }

    [Fact]
    public async Task A_copy_under_another_temperature_is_held_to_what_the_server_says_of_temperature_1()
    {
        await using CompletionsServer server = await Start();
        using var pool = new PoolHandler([server.Address]);
        CausalLmPolicy copy = Reference().With(Generation with { Temperature = 1.3 });
        var sampler = new PoolSampler(pool, new NumberTokenizer(Vocabulary), copy.Options, new() { Model = "tiny", LocalCopy = copy });

        Assert.Equal(32, (await sampler.SampleAsync(s_prompts, 8, seed: 1)).Count);
        Assert.Contains(
            "other settings",
            Assert
                .Throws<ArgumentException>(() =>
                    new PoolSampler(pool, new NumberTokenizer(Vocabulary), Generation, new() { Model = "tiny", LocalCopy = copy })
                )
                .Message
        );
    }

    public override void Dispose()
    {
        _model.Dispose();
        base.Dispose();
    }

    private static GenerationOptions Generation { get; } = new() { MaxNewTokens = 12, StopTokens = [0] };

    private static Gpt2 Model(long seed)
    {
        Gpt2 model = TinyModels.Gpt2(seed, Vocabulary);
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
        return model;
    }

    private CausalLmPolicy Reference() => new(_model, new NumberTokenizer(Vocabulary), Generation);

    private PoolSampler Sampler(PoolHandler pool)
    {
        CausalLmPolicy copy = Reference();
        return new(
            pool,
            new NumberTokenizer(Vocabulary),
            copy.Options,
            new()
            {
                Model = "tiny",
                LocalCopy = copy,
                CheckedCompletions = 32,
            }
        );
    }

    private async Task<CompletionsServer> Start(ServerFault fault = ServerFault.None)
    {
        CompletionsServer server = await CompletionsServer.StartAsync(new ServedModel(_model, Vocabulary).Draw);
        server.Fault = fault;
        return server;
    }

    private async Task<PoolHandler> EstimateAsync(CompletionsServer[] servers, string store, int held = 64)
    {
        var pool = new PoolHandler(
            [.. servers.Select(server => server.Address)],
            new()
            {
                MaxRequestsPerServer = 4,
                FirstPause = TimeSpan.FromMilliseconds(20),
                MaxPause = TimeSpan.FromMilliseconds(200),
            }
        );
        CausalLmPolicy copy = Reference();
        var sampler = new PoolSampler(
            pool,
            new NumberTokenizer(Vocabulary),
            copy.Options,
            new()
            {
                Model = "tiny",
                LocalCopy = copy,
                CheckedCompletions = held,
            }
        );
        using var table = await ReferenceTable.EstimateAsync(
            new PoolCompletionSource(sampler, new Scorer(copy, s_judge)),
            s_prompts,
            new()
            {
                SamplesPerPrompt = 128,
                PromptsPerBatch = 2,
                Seed = 3,
                Store = store,
                Storage = new() { FlushToDisk = false },
            }
        );
        return pool;
    }
}
