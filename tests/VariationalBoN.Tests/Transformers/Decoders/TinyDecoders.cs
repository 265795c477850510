using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>The smallest models that use every part of their family.</summary>
internal static class TinyDecoders
{
    public const int Vocabulary = 23;

    public static readonly IReadOnlyDictionary<string, CausalTransformerConfig> Configs = new Dictionary<string, CausalTransformerConfig>
    {
        ["gpt2"] = new Gpt2Config
        {
            VocabularySize = Vocabulary,
            MaxLength = 24,
            Width = 16,
            Layers = 2,
            Heads = 2,
        },
        ["gpt2 untied"] = new Gpt2Config
        {
            VocabularySize = Vocabulary,
            MaxLength = 24,
            Width = 16,
            Layers = 2,
            Heads = 2,
            TiesEmbeddings = false,
        },
        ["pythia"] = new GptNeoXConfig
        {
            VocabularySize = Vocabulary,
            MaxLength = 24,
            Width = 16,
            Layers = 2,
            Heads = 2,
            InnerWidth = 24,
            RotaryShare = 0.5,
        },
        ["neox in turn"] = new GptNeoXConfig
        {
            VocabularySize = Vocabulary,
            MaxLength = 24,
            Width = 16,
            Layers = 2,
            Heads = 2,
            InnerWidth = 24,
            ParallelResidual = false,
            AttentionBias = false,
            TiesEmbeddings = true,
        },
        ["llama"] = Llama(LlamaFamily.Llama) with { AttentionBias = true, MlpBias = true },
        ["mistral"] = Llama(LlamaFamily.Mistral) with { SlidingWindow = 4 },
        ["qwen2"] = Llama(LlamaFamily.Qwen2) with { SlidingWindow = 3, FirstWindowedLayer = 1, TiesEmbeddings = true },
        ["qwen3"] = Llama(LlamaFamily.Qwen3) with
        {
            HeadSize = 6,
            Rotary = new RotaryConfig { Scaling = RotaryScaling.Linear, Factor = 2 },
        },
    };

    public static CausalTransformer Create(string name, long seed = 1)
    {
        var model = Configs[name].Create(seed);
        model.eval();
        return model;
    }

    private static LlamaConfig Llama(LlamaFamily family) =>
        new()
        {
            Family = family,
            VocabularySize = Vocabulary,
            MaxLength = 24,
            Width = 16,
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadSize = 4,
            InnerWidth = 24,
        };
}
