using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>The shape of a <see cref="DistilBertClassifier"/>,
/// read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads. Where positions began as sinusoids (<c>sinusoidal_pos_embds</c>),
/// their table is in the weights like any other.</remarks>
public sealed record DistilBertClassifierConfig : EncoderConfig
{
    private static readonly EncoderKeys Named = new("dim", "n_layers", "n_heads", "hidden_dim", "activation");

    private protected override EncoderKeys Keys => Named;

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that
    /// <see cref="DistilBertClassifier"/> does not do; the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static DistilBertClassifierConfig Load(string path) => Open(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or asks for something that
    /// <see cref="DistilBertClassifier"/> does not do; the message names the key.</exception>
    public static DistilBertClassifierConfig FromJson(string json) =>
        Read(
            json,
            "DistilBERT",
            keys =>
            {
                keys.RequireText("model_type", "distilbert");
                ClassifierLabels.RequireArchitecture(keys);
                keys.Ignore("dropout", "attention_dropout", "qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds", "tie_weights_");
                return new DistilBertClassifierConfig
                {
                    VocabularySize = keys.Int("vocab_size"),
                    MaxLength = keys.Int("max_position_embeddings", 512),
                    Width = keys.Int(Named.Width),
                    Layers = keys.Int(Named.Layers),
                    Heads = keys.Int(Named.Heads),
                    InnerWidth = keys.Int(Named.InnerWidth),
                    Activation = keys.Text(Named.Activation, "gelu"),
                    Labels = ClassifierLabels.Read(keys),
                    IndependentLabels = ClassifierLabels.ReadIndependence(keys),
                };
            }
        );

    private protected override void Write(JsonObject json)
    {
        json["architectures"] = new JsonArray("DistilBertForSequenceClassification");
        json["model_type"] = "distilbert";
        json["sinusoidal_pos_embds"] = false;
    }
}
