using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Benchmarks;

/// <summary>A random model of a shape, with adapters as the policy.</summary>
internal sealed class AdaptedModel : IDisposable
{
    private const int NewTokens = 16;
    private readonly Gpt2 _model;
    private readonly CausalTransformer _adapted;

    public AdaptedModel(Gpt2Config config)
    {
        _model = new Gpt2(config, seed: 1).Freeze();
        _adapted = _model.WithLora(seed: 1);
        var options = new GenerationOptions { MaxNewTokens = NewTokens };
        var tokenizer = new IdTokenizer(config.VocabularySize);
        Policy = new CausalLmPolicy(_adapted, tokenizer, options);
        Scorer = new Scorer(
            new CausalLmPolicy(_model, tokenizer, options),
            RewardModel.FromFunction(completion => completion.Tokens[0], "first token")
        );
    }

    public CausalLmPolicy Policy { get; }

    public Scorer Scorer { get; }

    public ClusterWorker ToWorker() =>
        new(Scorer, Policy)
        {
            Losses = new Dictionary<string, GradientLoss>
            {
                ["loss"] = (logProb, part, numbers) => ScoreFunction.Loss(logProb, part.Of(numbers["targets"]), part.Groups),
            },
            Owned = [this],
        };

    public void Dispose()
    {
        _adapted.Dispose();
        _model.Dispose();
    }
}
