using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>GPT-2: a pre-norm transformer with learned positions whose output layer, as a rule, is the token embedding.</summary>
/// <remarks>
/// Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019). The parameters have the names and layouts of
/// Hugging Face's GPT-2 without the prefix <c>transformer.</c>: linear weights are stored [in, out], a tied embedding is stored once.
/// There is no dropout. Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class Gpt2 : CausalTransformer
{
    private readonly VectorTable wte,
        wpe;
    private readonly ModuleList<Gpt2Block> h;
    private readonly LayerNormalization ln_f;
    private readonly VectorTable? lm_head;

    /// <summary>Creates a model with GPT-2's initialisation:
    /// N(0, 0.02), residual projections divided by sqrt(2 layers), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public Gpt2(Gpt2Config config, long seed)
        : this(config, new RandomParameters(seed), withHead: true) { }

    internal Gpt2(Gpt2Config config, ParameterSource parameters, bool withHead)
        : base(nameof(Gpt2), parameters)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        wte = new VectorTable(parameters, nameof(wte), config.VocabularySize, config.Width);
        wpe = new VectorTable(parameters, nameof(wpe), config.MaxLength, config.Width);
        h = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, config.Layers).Select(i => new Gpt2Block(parameters, i, config))]);
        ln_f = new LayerNormalization(parameters, nameof(ln_f), config.Width, config.LayerNormEpsilon);
        lm_head =
            withHead && !config.TiesEmbeddings ? new VectorTable(parameters, nameof(lm_head), config.VocabularySize, config.Width) : null;
        RegisterComponents();
    }

    /// <summary>The shape of the model.</summary>
    public Gpt2Config Config { get; }

    /// <inheritdoc/>
    public override CausalTransformerConfig Shape => Config;

    private protected override Parameter Embedding => wte.weight;

    /// <inheritdoc/>
    public override Tensor HeadWeight => (lm_head ?? wte).weight;

    private protected override IEnumerable<DecoderBlock> Blocks => h;

    private protected override nn.Module<Tensor, Tensor> FinalNorm => ln_f;

    private protected override Tensor Embed(Tensor tokens, Tensor positions) => wte.Rows(tokens).Plus(wpe.Rows(positions));
}
