using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>The classifier that a <c>config.json</c> describes. Stateless, thread-safe.</summary>
internal static class ClassifierFamilies
{
    /// <summary>Builds the classifier of a configuration.</summary>
    /// <exception cref="InvalidDataException">The family is not known,
    /// or the configuration asks for something that is not supported; the message names it.</exception>
    internal static SequenceClassifier Create(string json, ParameterSource parameters) =>
        ConfigReader.Parse(json).Text("model_type") switch
        {
            "bert" => new BertClassifier(BertClassifierConfig.FromJson(json), parameters),
            "distilbert" => new DistilBertClassifier(DistilBertClassifierConfig.FromJson(json), parameters),
            "gpt2" or "gpt_neox" => new DecoderClassifier(DecoderClassifierConfig.FromJson(json), parameters),
            string type when LlamaFamilies.Find(type) is not null => new DecoderClassifier(
                DecoderClassifierConfig.FromJson(json),
                parameters
            ),
            string other => throw new InvalidDataException(
                $"model_type is \"{other}\"; classifiers of these are supported: bert, distilbert, gpt2, gpt_neox, "
                    + $"{string.Join(", ", LlamaFamilies.Names)}"
            ),
            null => throw new InvalidDataException("the key model_type is missing"),
        };
}
