using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>DistilBERT with a classification head: post-norm encoder, a ReLU layer on the first token, one linear layer.</summary>
/// <remarks>
/// Source: Sanh et al., "DistilBERT, a distilled version of BERT" (2019). The parameters have the names and layouts of Hugging Face's
/// <c>DistilBertForSequenceClassification</c>. There is no dropout.
/// Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class DistilBertClassifier : SequenceClassifier
{
    private const double Epsilon = 1e-12; // DistilBERT has no setting for it
    private readonly VectorTable _words,
        _positions;
    private readonly LayerNormalization _norm;
    private readonly EncoderBlock[] _blocks;
    private readonly Projection _hidden,
        _classifier;

    /// <summary>Creates a classifier with DistilBERT's initialisation: N(0, 0.02), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public DistilBertClassifier(DistilBertClassifierConfig config, long seed)
        : this(config, new RandomParameters(seed)) { }

    internal DistilBertClassifier(DistilBertClassifierConfig config, ParameterSource parameters)
        : base(nameof(DistilBertClassifier), Valid(config).Labels, config.IndependentLabels)
    {
        Config = config;
        var layers = new LayerTree(this, parameters);
        _words = layers.Table("distilbert.embeddings.word_embeddings", config.VocabularySize, config.Width);
        _positions = layers.Table("distilbert.embeddings.position_embeddings", config.MaxLength, config.Width);
        _norm = layers.Norm("distilbert.embeddings.LayerNorm", config.Width, Epsilon);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => Block(layers, $"distilbert.transformer.layer.{i}", config))];
        _hidden = layers.Linear("pre_classifier", config.Width, config.Width);
        _classifier = layers.Linear("classifier", config.Width, config.Labels.Length);
    }

    /// <summary>The shape of the classifier.</summary>
    public DistilBertClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public override int MaxLength => Config.MaxLength;

    internal override WeightNames Names => new("", "", "", ".embeddings.position_ids");

    /// <inheritdoc/>
    protected override Tensor Classify(Tensor tokens, ReadOnlySpan<int> lengths)
    {
        (long rows, long length) = (tokens.size(0), tokens.size(1));
        var words = _words.Rows(tokens.reshape(-1)).view(rows, length, Config.Width); // [B, T, C]
        var embedded = _norm.forward(words.Plus(_positions.weight.narrow(0, 0, length)).view(rows * length, Config.Width)); // [B * T, C]
        // [B, labels]
        return _classifier.forward(nn.functional.relu(_hidden.forward(EncoderBlock.FirstStates(_blocks, embedded, rows, lengths))));
    }

    private static EncoderBlock Block(LayerTree layers, string path, DistilBertClassifierConfig config) =>
        new()
        {
            Query = layers.Linear($"{path}.attention.q_lin", config.Width, config.Width),
            Key = layers.Linear($"{path}.attention.k_lin", config.Width, config.Width),
            Value = layers.Linear($"{path}.attention.v_lin", config.Width, config.Width),
            Mixed = layers.Linear($"{path}.attention.out_lin", config.Width, config.Width),
            AttentionNorm = layers.Norm($"{path}.sa_layer_norm", config.Width, Epsilon),
            Up = layers.Linear($"{path}.ffn.lin1", config.Width, config.InnerWidth),
            Down = layers.Linear($"{path}.ffn.lin2", config.InnerWidth, config.Width),
            MlpNorm = layers.Norm($"{path}.output_layer_norm", config.Width, Epsilon),
            Heads = config.Heads,
            Activation = config.Activation,
        };

    private static DistilBertClassifierConfig Valid(DistilBertClassifierConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config;
    }
}
