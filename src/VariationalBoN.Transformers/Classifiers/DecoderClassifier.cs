using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>A decoder with a classification head, the usual reward model:
/// the last state of the last token, one linear layer without bias.</summary>
/// <remarks>
/// The parameters have the names and layouts of transformers' <c>...ForSequenceClassification</c>: the decoder's behind its prefix
/// (<c>transformer.</c>, <c>model.</c>, <c>gpt_neox.</c>), and <c>score.weight</c>. As there, the last token is the last one within the
/// length that is not <c>pad_token_id</c>: where padding and end of text are the same token, a final end of text is not what is read. There
/// is no dropout. Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class DecoderClassifier : SequenceClassifier
{
    private readonly CausalTransformer _trunk;
    private readonly Projection _score;
    private readonly ScalarType _headType;

    /// <summary>Creates a classifier with the initial values of its family.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public DecoderClassifier(DecoderClassifierConfig config, long seed)
        : this(config, new RandomParameters(seed)) { }

    internal DecoderClassifier(DecoderClassifierConfig config, ParameterSource parameters)
        : this(config, Valid(config).Decoder.Create(parameters, withHead: false), parameters) { }

    /// <summary>Puts a head on a decoder without output layer, which is owned from here on.</summary>
    internal DecoderClassifier(DecoderClassifierConfig config, CausalTransformer trunk, ParameterSource head)
        : base(nameof(DecoderClassifier), Valid(config).Labels, config.IndependentLabels)
    {
        Config = config;
        _trunk = trunk;
        _score = new Projection(head, "score", 0.02, config.Decoder.Width, config.Labels.Length, bias: false);
        _headType = _score.parameters().First().dtype;
        register_module(config.Decoder.Names.Prefix.TrimEnd('.'), _trunk);
        register_module("score", _score);
    }

    /// <summary>The shape of the classifier.</summary>
    public DecoderClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize => Config.Decoder.VocabularySize;

    /// <inheritdoc/>
    public override int MaxLength => Config.Decoder.MaxLength;

    /// <summary>The decoder.</summary>
    internal CausalTransformer Trunk => _trunk;

    internal override WeightNames Names => new("", "", "", Config.Decoder.Names.Buffers);

    /// <inheritdoc/>
    protected override Tensor Classify(Tensor tokens, ReadOnlySpan<int> lengths)
    {
        var rows = _trunk.HiddenStates(tokens).index_select(0, LastTokens(tokens, lengths)); // [B, C]
        return _score.forward(rows.to(_headType)); // [B, labels]
    }

    /// <summary>Where each row is read, [B]: position t of row b is b * T + t.</summary>
    private Tensor LastTokens(Tensor tokens, ReadOnlySpan<int> lengths)
    {
        (long rows, long length) = (tokens.size(0), tokens.size(1));
        var places = HeldArithmetic.Counted(length, tokens.device); // [T]
        var counts = places < tensor(lengths.ToArray(), [rows, 1], ScalarType.Int64, tokens.device); // [B, T]
        if (Config.PaddingToken is int padding)
        {
            using TorchSharp.Scalar token = padding; // held until the call returns: a collection may not free it meanwhile
            counts = counts.logical_and(tokens.ne(token));
        }

        var last = (places * counts.to(ScalarType.Int64)).amax([1]); // [B], 0 where nothing but padding counts
        return last.Plus(HeldArithmetic.Counted(rows * length, tokens.device, length));
    }

    private static DecoderClassifierConfig Valid(DecoderClassifierConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config;
    }
}
