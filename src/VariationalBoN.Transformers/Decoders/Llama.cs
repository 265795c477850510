using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Llama and what is built like it, Mistral and Qwen: root-mean-square normalisation,
/// rotary positions, heads that share keys and values, a gated perceptron.</summary>
/// <remarks>
/// Source: Touvron et al., "Llama 2" (2023); the families differ in biases, windows and normalised heads (<see cref="LlamaFamily"/>). The
/// parameters have the names and layouts of Hugging Face's Llama without the prefix <c>model.</c>; an output layer that is not the token
/// embedding is <c>lm_head.weight</c>. There is no dropout.
/// Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class Llama : CausalTransformer
{
    private readonly VectorTable embed_tokens;
    private readonly ModuleList<LlamaBlock> layers;
    private readonly RmsNormalization norm;
    private readonly VectorTable? lm_head;

    /// <summary>Creates a model with initial values N(0, 0.02), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public Llama(LlamaConfig config, long seed)
        : this(config, new RandomParameters(seed), withHead: true) { }

    internal Llama(LlamaConfig config, ParameterSource parameters, bool withHead)
        : base(nameof(Llama), parameters)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        Rotary = new RotaryEmbedding(config.Rotary, config.HeadSize, config.HeadSize);
        embed_tokens = new VectorTable(parameters, nameof(embed_tokens), config.VocabularySize, config.Width);
        layers = new ModuleList<LlamaBlock>([.. Enumerable.Range(0, config.Layers).Select(i => new LlamaBlock(parameters, i, config))]);
        norm = new RmsNormalization(parameters, nameof(norm), config.Width, config.RmsNormEpsilon);
        lm_head =
            withHead && !config.TiesEmbeddings ? new VectorTable(parameters, nameof(lm_head), config.VocabularySize, config.Width) : null;
        RegisterComponents();
    }

    /// <summary>The shape of the model.</summary>
    public LlamaConfig Config { get; }

    /// <inheritdoc/>
    public override CausalTransformerConfig Shape => Config;

    private protected override Parameter Embedding => embed_tokens.weight;

    /// <inheritdoc/>
    public override Tensor HeadWeight => (lm_head ?? embed_tokens).weight;

    private protected override IEnumerable<DecoderBlock> Blocks => layers;

    private protected override nn.Module<Tensor, Tensor> FinalNorm => norm;

    private protected override RotaryEmbedding? Rotary { get; }
}
