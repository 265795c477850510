using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>The shape of a <see cref="DecoderClassifier"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record DecoderClassifierConfig
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The decoder; its output layer is not part of the classifier.</summary>
    public required CausalTransformerConfig Decoder { get; init; }

    /// <summary>The names of the labels in the order of the logits (<c>id2label</c>), at least one; a reward model has one.</summary>
    public ImmutableArray<string> Labels { get; init; } = ["LABEL_0"];

    /// <summary>Whether each label is a yes-or-no question of its own (<c>problem_type</c> <c>multi_label_classification</c>).</summary>
    public bool IndependentLabels { get; init; }

    /// <summary>The token that is never the last one (<c>pad_token_id</c>); null where every token may be.</summary>
    public int? PaddingToken { get; init; }

    /// <summary>The configuration in a file.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that is not supported;
    /// the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static DecoderClassifierConfig Load(string path)
    {
        try
        {
            return FromJson(InputFile.ReadText(path, InputFile.LongestConfig));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The configuration in the text of a <c>config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that is not supported; the message names the key.</exception>
    public static DecoderClassifierConfig FromJson(string json)
    {
        var decoder = CausalTransformerConfig.FromJson(json); // which refuses what it does not know; labels have no effect there
        var keys = ConfigReader.Parse(json);
        ClassifierLabels.RequireArchitecture(keys);
        return new DecoderClassifierConfig
        {
            Decoder = decoder,
            Labels = ClassifierLabels.Read(keys),
            IndependentLabels = ClassifierLabels.ReadIndependence(keys),
            PaddingToken = keys.IntOrNull("pad_token_id"),
        };
    }

    /// <summary>Writes a <c>config.json</c> that <c>transformers</c> reads as well; the file appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        string text = ToJson();
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>The text of a <c>config.json</c>.</summary>
    /// <returns>Indented JSON.</returns>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    public string ToJson()
    {
        Validate();
        var json = (JsonObject)JsonNode.Parse(Decoder.ToJson())!;
        string decoder = (string)json["architectures"]![0]!; // such as LlamaForCausalLM, GPT2LMHeadModel
        json["architectures"] = new JsonArray(ClassifierLabels.OfClassifier(decoder));
        ClassifierLabels.Write(json, Labels, IndependentLabels);
        json["pad_token_id"] = PaddingToken;
        return json.ToJsonString(Indented);
    }

    /// <summary>Throws one exception that names every fault.</summary>
    internal void Validate()
    {
        if (Decoder is null)
            throw new ArgumentException($"{nameof(Decoder)} is null.");
        Decoder.Validate();
        if (Labels.IsDefaultOrEmpty)
            throw new ArgumentException("id2label is empty, there must be at least one label.");
    }
}
