using System.Globalization;
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
    private readonly ServedModel _served;

    public PoolTruncationTests()
    {
        _served = new ServedModel(_model, Vocabulary);
        foreach (var parameter in _model.parameters())
            parameter.requires_grad = false;
    }

    public void Dispose() => _model.Dispose();

    /// <summary>Pearson's chi-square over the tokens that top-k and top-p keep;
    /// at most 3 degrees of freedom, 28 is passed with probability 4e-6.</summary>
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
        await using CompletionsServer server = await CompletionsServer.StartAsync(_served.Draw);
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
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            _served.Draw(request with { TopK = request.Seed % 16 == 0 ? request.TopK + 1 : request.TopK })
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
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            _served.Draw(request with { TopK = 0, TopP = 1 })
        );
        using var pool = new PoolHandler([server.Address]);

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool, copy).SampleAsync(s_prompts, 2, seed: 1));

        Assert.Contains(server.Address.Authority, thrown.Message);
        Assert.Contains("the copy gives no probability", thrown.Message);
        Assert.Contains(topK is null ? "top-p 0.5" : "top-k 3", thrown.Message);
    }

    /// <summary>Its draws are all within what was asked for, and of what is asked for they are too few. At temperature 10 the distribution
    /// is nearly uniform, so that no other temperature makes them likelier.</summary>
    [Theory]
    [InlineData(8, null, 4, null, 1.0)]
    [InlineData(8, null, 6, null, 1.0)]
    [InlineData(null, 0.95, null, 0.9, 1.0)]
    [InlineData(null, 0.95, null, 0.8, 10.0)]
    [InlineData(9, 0.95, 5, 0.95, 1.0)]
    public async Task A_server_of_a_smaller_top_k_or_top_p_is_named(
        int? topK,
        double? topP,
        int? itsTopK,
        double? itsTopP,
        double temperature
    )
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 16,
                TopK = topK,
                TopP = topP,
                Temperature = temperature,
            }
        );
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            _served.Draw(request with { TopK = itsTopK ?? 0, TopP = itsTopP ?? 1 })
        );
        using var pool = new PoolHandler([server.Address]);

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool, copy).SampleAsync(s_prompts, 2, seed: 1));

        Assert.Contains(server.Address.Authority, thrown.Message);
        Assert.Contains(topK == itsTopK ? "draws with another top-p" : "draws with another top-k", thrown.Message);
    }

    /// <summary>The check sees the first eight prompts, and the drawing the ninth.</summary>
    [Fact]
    public async Task A_later_prompt_whose_draws_are_mostly_outside_is_named_while_it_is_drawn()
    {
        CausalLmPolicy copy = Copy(new() { MaxNewTokens = 1, TopK = 3 });
        double[] law = copy.LogProbValues([
            .. Enumerable.Range(0, Vocabulary).Select(token => copy.Sample(["9"], 1, seed: 1)[0] with { Tokens = [token] }),
        ]);
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
        {
            bool isNinth = request.Prompt is [9, ..];
            ServedAnswer answer = _served.Draw(request with { TopK = isNinth ? 0 : request.TopK });
            while (isNinth && request.Seed % 10 != 0 && IsWithin(answer.Tokens[0]))
                answer = answer with { Tokens = [(answer.Tokens[0] + 1) % Vocabulary] };
            return answer;
        });
        using var pool = new PoolHandler([server.Address]);
        Prompt[] prompts = [.. Enumerable.Range(1, 9).Select(i => (Prompt)i.ToString(CultureInfo.InvariantCulture))];
        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(pool, copy).SampleAsync(prompts, 8, seed: 1));

        Assert.Contains($"Too many completions of {server.Address}", thrown.Message);
        Assert.Contains("of the prompt \"9\" they are", thrown.Message);
        Assert.Contains("more than half", thrown.Message);

        bool IsWithin(int token) => double.IsFinite(law[token]);
    }

    /// <summary>One of the few answers of a check is outside now and then, which is noise; of many draws the same share is not.</summary>
    [Fact]
    public void What_noise_explains_is_no_fault_and_what_prompts_hide_from_their_mean_is()
    {
        GenerationOptions asked = new() { TopK = 3 };
        OutsideDraws few = Counted(8, drawn: 16, outside: prompt => prompt == 0 ? 1 : 0),
            clean = Counted(1000, drawn: 4, outside: _ => 0),
            many = Counted(100, drawn: 400, outside: _ => 8),
            hidden = Counted(10, drawn: 100, outside: prompt => prompt == 9 ? 45 : 0);

        Assert.Null(few.Fault(asked, limit: 0.001)); // 0.008 by itself
        Assert.Null(clean.Fault(asked, limit: 1e-9));
        string fault = many.Fault(asked, limit: 0.01)!;
        Assert.Contains("800 of 40000 (2 %) have a token that the copy gives no probability with temperature 1, top-k 3", fault);
        Assert.Contains("0.0202 nats a token, the mean over 100 prompts, and this is 0.0168 at least", fault);
        Assert.Contains("at most 0.01 is accepted (MaxDrift)", fault);
        Assert.Null(many.Fault(asked, limit: 0.0203));
        Assert.Contains("nats a token", hidden.Fault(asked, limit: 0.015)!);
        Assert.Contains("of the prompt \"0\" they are 20 of 20 (100 %)", Counted(1, 20, _ => 20).Fault(asked, limit: 10)!);
        Assert.Null(Counted(1, 19, _ => 19).Fault(asked, limit: 10)); // 2e-6 by a half each
        Assert.Contains("they are more than half", Counted(8, 16, _ => 14).Fault(asked, limit: 10)!);

        static OutsideDraws Counted(int prompts, int drawn, Func<int, int> outside)
        {
            var counted = new OutsideDraws();
            for (int p = 0; p < prompts; p++)
            {
                string prompt = p.ToString(CultureInfo.InvariantCulture);
                Completion one = new()
                {
                    Prompt = prompt,
                    PromptTokens = [1],
                    Tokens = [1],
                    Text = "",
                    FinishReason = FinishReason.Length,
                };
                for (int k = 0; k < drawn; k++)
                    counted.Add(one, k < outside(p));
            }

            return counted;
        }
    }

    /// <summary>The mean of H_n - H_(n-o) over a binomial o, against the series of -log(1 - s).</summary>
    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(8, 0.1)]
    [InlineData(12, 0.9)]
    public void The_estimate_of_what_is_lost_has_the_mean_of_the_series(int drawn, double share)
    {
        double mean = 0,
            chance = Math.Pow(1 - share, drawn); // of o outside
        for (int o = 0; o <= drawn; chance *= (drawn - o) / (o + 1.0) * share / (1 - share), o++)
            mean += chance * new OutsideDraws.Draws(o, drawn, 1).Lost(1);

        Assert.Equal(Enumerable.Range(1, drawn).Sum(k => Math.Pow(share, k) / k), mean, 1e-12);
    }

    /// <summary>Servers say the log-probabilities of temperature 1 of all tokens, which such a copy cannot.</summary>
    [Fact]
    public async Task A_truncated_copy_that_is_no_model_is_refused_by_the_true_reason()
    {
        CausalLmPolicy model = Copy(new() { MaxNewTokens = 8, TopK = 3 });
        await using CompletionsServer server = await CompletionsServer.StartAsync(_served.Draw);
        using var pool = new PoolHandler([server.Address]);
        var sampler = new PoolSampler(
            pool,
            new NumberTokenizer(Vocabulary),
            model.Options,
            new() { Model = "tiny", LocalCopy = new OtherPolicy(model) }
        );

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() => sampler.SampleAsync(s_prompts, 2, seed: 1));

        Assert.Contains("give a CausalLmPolicy as LocalCopy", thrown.Message);
        Assert.DoesNotContain("other weights", thrown.Message);
    }

    private sealed class OtherPolicy(CausalLmPolicy model) : IPolicy
    {
        public ModelIdentity Identity => model.Identity;

        public bool HasFullSupport => model.HasFullSupport;

        public bool IsTrainable => false;

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => model.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

        public TorchSharp.torch.Tensor LogProb(IReadOnlyList<Completion> completions) => model.LogProb(completions);
    }

    [Fact]
    public async Task A_server_of_a_sharper_temperature_is_named_where_draws_are_truncated()
    {
        CausalLmPolicy copy = Copy(
            new()
            {
                MaxNewTokens = 8,
                StopTokens = [0],
                TopK = 8,
            }
        );
        await using CompletionsServer server = await CompletionsServer.StartAsync(request =>
            _served.Draw(request with { Temperature = 0.5 })
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
        await using CompletionsServer server = await CompletionsServer.StartAsync(_served.Draw);
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
