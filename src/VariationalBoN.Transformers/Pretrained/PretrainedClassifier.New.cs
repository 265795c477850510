using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

public sealed partial class PretrainedClassifier
{
    private const long MostFileBytes = 5_000_000_000;

    /// <summary>A new classifier of a language model: its decoder with a new head in place of the output layer,
    /// its tokenizer and chat template; a reward model.</summary>
    /// <remarks>
    /// The weights are copied in float32, whatever type the model has, adapters merged; the model stays the caller's and may be disposed
    /// of. The head begins as N(0, 0.02). Saved, it is what
    /// transformers' <c>...ForSequenceClassification</c> reads: the same <c>config.json</c> with <c>id2label</c> and <c>pad_token_id</c>,
    /// which a decoder needs to find the last token of a padded text.
    /// </remarks>
    /// <param name="model">The language model.</param>
    /// <param name="seed">Fixes the first values of the head.</param>
    /// <param name="labels">The names of the labels; null for the one of a reward model, <c>LABEL_0</c>.</param>
    /// <param name="paddingToken">
    /// The padding token; null for <c>pad_token_id</c> of the model, or that of the tokenizer, or else the token that ends a text. Where
    /// the tokenizer's settings have none, they get it.
    /// </param>
    /// <returns>The classifier, frozen until <see cref="MakeTrainable"/>, in evaluation mode; the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">There is no label, or one is empty or occurs twice; or the
    /// padding token is outside the model's vocabulary, or neither given nor named by the model.</exception>
    public static PretrainedClassifier FromCausalLm(
        PretrainedCausalLm model,
        long seed,
        IEnumerable<string>? labels = null,
        int? paddingToken = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        string[] names = [.. labels ?? ["LABEL_0"]];
        if (names.Length == 0 || names.Any(string.IsNullOrEmpty) || names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            throw new ArgumentException(
                $"The labels are {string.Join(", ", names.Select(Shown.Quoted))}; give at least one, each once, " + "none empty.",
                nameof(labels)
            );
        int padding = paddingToken ?? PaddingOf(model);
        if (padding < 0 || padding >= model.Model.VocabularySize)
            throw new ArgumentException(
                $"The padding token is {padding}; the model has the tokens 0 to " + $"{model.Model.VocabularySize - 1}.",
                nameof(paddingToken)
            );
        string json = ClassifierLabels.InConfig(model.Files.Config, [.. names], padding);
        var config = DecoderClassifierConfig.FromJson(json);
        string? named =
            model.HasTokenizer && model.Tokenizer.PadId != padding && model.Tokenizer.TryGetToken(padding, out string? token)
                ? token
                : null;
        var trunk = config.Decoder.Create(new MergedParameters(model.Model, ScalarType.Float32), withHead: false);
        var classifier = new DecoderClassifier(config, trunk, new RandomParameters(seed));
        try
        {
            if (model.Model.Device.type != DeviceType.CPU)
                classifier.to(model.Model.Device);
            var inOrder = classifier.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal); // as Python saves them
            var tensors = new OrderedDictionary<string, Tensor>(inOrder);
            return new PretrainedClassifier(
                model.Files.WithConfig(json, named),
                classifier,
                WeightLayout.For(tensors, classifier.Names, MostFileBytes)
            );
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    private static int PaddingOf(PretrainedCausalLm model)
    {
        int? configured = ConfigReader.Parse(model.Files.Config).IntOrNull("pad_token_id"),
            ofTokenizer = model.HasTokenizer ? model.Tokenizer.PadId : null;
        int? end = model.HasTokenizer ? model.Tokenizer.EosId : null;
        return configured
            ?? ofTokenizer
            ?? end
            ?? (
                model.StopTokens.Length > 0
                    ? model.StopTokens[0]
                    : throw new ArgumentException(
                        "Neither config.json nor the tokenizer names a padding token or the end of a text, and transformers needs one to "
                            + "read "
                            + "padded texts. Give a token that no text holds as paddingToken.",
                        nameof(model)
                    )
            );
    }
}
