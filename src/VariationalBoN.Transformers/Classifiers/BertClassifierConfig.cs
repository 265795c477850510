using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>The shape of a <see cref="BertClassifier"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record BertClassifierConfig : EncoderConfig
{
    private static readonly EncoderKeys Named = new(
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "hidden_act"
    );

    /// <summary>The number of segments that a token may belong to (<c>type_vocab_size</c>), at least 1;
    /// a classified text is segment 0.</summary>
    public int SegmentCount { get; init; } = 2;

    /// <summary>The constant added to the variance in layer normalisation (<c>layer_norm_eps</c>), above 0.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-12;

    private protected override EncoderKeys Keys => Named;

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that <see cref="BertClassifier"/>
    /// does not do; the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static BertClassifierConfig Load(string path) => Open(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or asks for something that <see cref="BertClassifier"/>
    /// does not do; the message names the key.</exception>
    public static BertClassifierConfig FromJson(string json) =>
        Read(
            json,
            "BERT",
            keys =>
            {
                keys.RequireText("model_type", "bert");
                ClassifierLabels.RequireArchitecture(keys);
                keys.RequireText("position_embedding_type", "absolute");
                keys.Ignore("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout");
                keys.Ignore(
                    "directionality",
                    "pooler_fc_size",
                    "pooler_num_attention_heads",
                    "pooler_num_fc_layers",
                    "pooler_size_per_head",
                    "pooler_type"
                ); // relics, which transformers does not read
                return new BertClassifierConfig
                {
                    VocabularySize = keys.Int("vocab_size"),
                    MaxLength = keys.Int("max_position_embeddings", 512),
                    Width = keys.Int(Named.Width),
                    Layers = keys.Int(Named.Layers),
                    Heads = keys.Int(Named.Heads),
                    InnerWidth = keys.Int(Named.InnerWidth),
                    Activation = keys.Text(Named.Activation, "gelu"),
                    SegmentCount = keys.Int("type_vocab_size", 2),
                    LayerNormEpsilon = keys.Double("layer_norm_eps", 1e-12),
                    Labels = ClassifierLabels.Read(keys),
                    IndependentLabels = ClassifierLabels.ReadIndependence(keys),
                };
            }
        );

    private protected override void Write(JsonObject json)
    {
        json["architectures"] = new JsonArray("BertForSequenceClassification");
        json["model_type"] = "bert";
        json["position_embedding_type"] = "absolute";
        json["type_vocab_size"] = SegmentCount;
        json["layer_norm_eps"] = LayerNormEpsilon;
    }

    private protected override void AddFaults(List<string> faults)
    {
        if (SegmentCount < 1)
            faults.Add($"type_vocab_size is {SegmentCount}, it must be at least 1");
        if (!(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon)))
            faults.Add(FormattableString.Invariant($"layer_norm_eps is {LayerNormEpsilon}, it must be above 0"));
    }
}
