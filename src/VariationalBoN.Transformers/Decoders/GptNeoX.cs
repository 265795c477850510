using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>GPT-NeoX, the architecture of Pythia: rotary positions on a part of each head,
/// attention and perceptron side by side or in turn, an output layer of its own.</summary>
/// <remarks>
/// Source: Black et al., "GPT-NeoX-20B" (2022). The parameters have the names and layouts of Hugging Face's GPT-NeoX without the prefix
/// <c>gpt_neox.</c>; the output layer is <c>embed_out.weight</c>. There is no dropout.
/// Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class GptNeoX : CausalTransformer
{
    private readonly VectorTable embed_in;
    private readonly ModuleList<GptNeoXBlock> layers;
    private readonly LayerNormalization final_layer_norm;
    private readonly VectorTable? embed_out;

    /// <summary>Creates a model with initial values N(0, 0.02), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public GptNeoX(GptNeoXConfig config, long seed)
        : this(config, new RandomParameters(seed), withHead: true) { }

    internal GptNeoX(GptNeoXConfig config, ParameterSource parameters, bool withHead)
        : base(nameof(GptNeoX), parameters)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        Rotary = config.RotarySize == 0 ? null : new RotaryEmbedding(config.Rotary, config.RotarySize, config.Width / config.Heads);
        embed_in = new VectorTable(parameters, nameof(embed_in), config.VocabularySize, config.Width);
        layers = new ModuleList<GptNeoXBlock>([.. Enumerable.Range(0, config.Layers).Select(i => new GptNeoXBlock(parameters, i, config))]);
        final_layer_norm = new LayerNormalization(parameters, nameof(final_layer_norm), config.Width, config.LayerNormEpsilon);
        embed_out =
            withHead && !config.TiesEmbeddings ? new VectorTable(parameters, nameof(embed_out), config.VocabularySize, config.Width) : null;
        RegisterComponents();
    }

    /// <summary>The shape of the model.</summary>
    public GptNeoXConfig Config { get; }

    /// <inheritdoc/>
    public override CausalTransformerConfig Shape => Config;

    private protected override Parameter Embedding => embed_in.weight;

    /// <inheritdoc/>
    public override Tensor HeadWeight => (embed_out ?? embed_in).weight;

    private protected override IEnumerable<DecoderBlock> Blocks => layers;

    private protected override nn.Module<Tensor, Tensor> FinalNorm => final_layer_norm;

    private protected override RotaryEmbedding? Rotary { get; }
}
