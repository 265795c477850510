using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>BERT with a classification head: post-norm encoder, tanh of the first token's projection, one linear layer.</summary>
/// <remarks>
/// Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019). The parameters have
/// the names and layouts of Hugging Face's <c>BertForSequenceClassification</c>. Every token is of segment 0. There is no dropout. Several
/// threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class BertClassifier : SequenceClassifier
{
    private readonly VectorTable _words,
        _positions,
        _segments;
    private readonly LayerNormalization _norm;
    private readonly EncoderBlock[] _blocks;
    private readonly Projection _pooler,
        _classifier;

    /// <summary>Creates a classifier with BERT's initialisation: N(0, 0.02), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public BertClassifier(BertClassifierConfig config, long seed)
        : this(config, new RandomParameters(seed)) { }

    internal BertClassifier(BertClassifierConfig config, ParameterSource parameters)
        : base(nameof(BertClassifier), Valid(config).Labels, config.IndependentLabels)
    {
        Config = config;
        var layers = new LayerTree(this, parameters);
        _words = layers.Table("bert.embeddings.word_embeddings", config.VocabularySize, config.Width);
        _positions = layers.Table("bert.embeddings.position_embeddings", config.MaxLength, config.Width);
        _segments = layers.Table("bert.embeddings.token_type_embeddings", config.SegmentCount, config.Width);
        _norm = layers.Norm("bert.embeddings.LayerNorm", config.Width, config.LayerNormEpsilon);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => Block(layers, $"bert.encoder.layer.{i}", config))];
        _pooler = layers.Linear("bert.pooler.dense", config.Width, config.Width);
        _classifier = layers.Linear("classifier", config.Width, config.Labels.Length);
    }

    /// <summary>The shape of the classifier.</summary>
    public BertClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public override int MaxLength => Config.MaxLength;

    internal override WeightNames Names => new("", "", "", ".embeddings.position_ids");

    /// <inheritdoc/>
    protected override Tensor Classify(Tensor tokens, ReadOnlySpan<int> lengths)
    {
        (long rows, long length) = (tokens.size(0), tokens.size(1));
        var places = _positions.weight.narrow(0, 0, length).Plus(_segments.weight.narrow(0, 0, 1)); // [T, C]
        var words = _words.Rows(tokens.reshape(-1)).view(rows, length, Config.Width); // [B, T, C]
        // [B, C]
        var first = EncoderBlock.FirstStates(_blocks, _norm.forward(words.Plus(places).view(rows * length, Config.Width)), rows, lengths);
        return _classifier.forward(_pooler.forward(first).tanh()); // [B, labels]
    }

    private static EncoderBlock Block(LayerTree layers, string path, BertClassifierConfig config) =>
        new()
        {
            Query = layers.Linear($"{path}.attention.self.query", config.Width, config.Width),
            Key = layers.Linear($"{path}.attention.self.key", config.Width, config.Width),
            Value = layers.Linear($"{path}.attention.self.value", config.Width, config.Width),
            Mixed = layers.Linear($"{path}.attention.output.dense", config.Width, config.Width),
            AttentionNorm = layers.Norm($"{path}.attention.output.LayerNorm", config.Width, config.LayerNormEpsilon),
            Up = layers.Linear($"{path}.intermediate.dense", config.Width, config.InnerWidth),
            Down = layers.Linear($"{path}.output.dense", config.InnerWidth, config.Width),
            MlpNorm = layers.Norm($"{path}.output.LayerNorm", config.Width, config.LayerNormEpsilon),
            Heads = config.Heads,
            Activation = config.Activation,
        };

    private static BertClassifierConfig Valid(BertClassifierConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config;
    }
}
