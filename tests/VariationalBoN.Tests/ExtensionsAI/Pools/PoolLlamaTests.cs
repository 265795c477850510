using ServerPool;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.References;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>llama.cpp's server, which says nothing of tokens that end within a character, over a model that draws many of them.</summary>
[Trait("Tier", "torch")]
public sealed class PoolLlamaTests : StoreFixture
{
    private static readonly Prompt[] s_prompts = ["1", "61", "7"];
    private static readonly IRewardModel s_judge = RewardModel.FromFunction((_, text) => text.Count(char.IsLetter), "letters");
    private static readonly GenerationOptions s_generation = new() { MaxNewTokens = 10, StopTokens = [0] };
    private readonly Gpt2 _model = Model(seed: 1);

    [Fact]
    public async Task Characters_in_several_tokens_make_the_store_of_a_server_that_says_all()
    {
        await using CompletionsServer whole = await CompletionsServer.StartAsync(Served(_model).Draw);
        using (var pool = new PoolHandler([whole.Address]))
            (await EstimateAsync(pool, PoolProtocol.Completions, Store)).Dispose();
        using var llama = new LlamaServer(Served(_model).Draw);
        using var pools = new PoolHandler([new Uri("http://llama/")], null, llama);

        using ReferenceTable table = await EstimateAsync(pools, PoolProtocol.LlamaCpp, Named("llama.db"));

        Assert.InRange(llama.Withheld, 100, int.MaxValue);
        Assert.Equal(Rows(Store), Rows(Named("llama.db")));
        Assert.Contains(table.Prompts, prompt => prompt.Responses.Any(text => text.Contains('é')));
        Assert.All(
            table.Prompts.SelectMany(prompt => prompt.Samples),
            sample =>
                Assert.Equal(new PieceTokenizer().Decode([.. sample.Completion.Tokens.Where(token => token != 0)]), sample.Completion.Text)
        );
    }

    [Fact]
    public async Task Other_weights_and_a_server_that_says_nothing_are_named_all_the_same()
    {
        using Gpt2 other = Model(seed: 2);
        using var others = new LlamaServer(Served(other).Draw);
        using var silent = new LlamaServer(Served(_model).Draw) { IsSilent = true };

        Assert.Contains("other weights", await Refused(others));
        Assert.Contains("tells no log-probabilities", await Refused(silent));

        async Task<string> Refused(LlamaServer server)
        {
            using var pool = new PoolHandler([new Uri("http://llama/")], null, server);
            return (
                await Assert.ThrowsAsync<RemoteServiceException>(() => EstimateAsync(pool, PoolProtocol.LlamaCpp, Named("none.db")))
            ).Message;
        }
    }

    [Fact]
    public void Without_a_local_copy_it_is_refused_since_log_pi_would_not_be_known()
    {
        using var server = new LlamaServer(Served(_model).Draw);
        using var pool = new PoolHandler([new Uri("http://llama/")], null, server);
        var options = new PoolSamplerOptions
        {
            Model = "tiny",
            Protocol = PoolProtocol.LlamaCpp,
            UncheckedIdentity = "tiny",
        };

        var refused = Assert.Throws<ArgumentException>(() => new PoolSampler(pool, new PieceTokenizer(), s_generation, options));

        Assert.Contains("within a character", refused.Message);
        Assert.Contains("Give a LocalCopy", refused.Message);
    }

    public override void Dispose()
    {
        _model.Dispose();
        base.Dispose();
    }

    private static Gpt2 Model(long seed)
    {
        Gpt2 model = TinyModels.Gpt2(seed, new PieceTokenizer().VocabularySize);
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
        return model;
    }

    private static ServedModel Served(Gpt2 model) => new(model, new PieceTokenizer().VocabularySize);

    private Task<ReferenceTable> EstimateAsync(PoolHandler pool, PoolProtocol protocol, string store)
    {
        var copy = new CausalLmPolicy(_model, new PieceTokenizer(), s_generation);
        var sampler = new PoolSampler(
            pool,
            new PieceTokenizer(),
            s_generation,
            new()
            {
                Model = "tiny",
                Protocol = protocol,
                LocalCopy = copy,
                CheckedCompletions = 32,
            }
        );
        return ReferenceTable.EstimateAsync(
            new PoolCompletionSource(sampler, new Scorer(copy, s_judge)),
            s_prompts,
            new()
            {
                SamplesPerPrompt = 64,
                Seed = 3,
                Store = store,
                Storage = new() { FlushToDisk = false },
            }
        );
    }
}
