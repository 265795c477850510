using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>The shape of an encoder with a classification head.</summary>
/// <remarks>Immutable, so safe to share between threads. Dropout is not part of it: the classifiers have none.</remarks>
public abstract record EncoderConfig
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private protected EncoderConfig() { }

    /// <summary>V, the number of token ids (<c>vocab_size</c>), at least 1.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence in tokens (<c>max_position_embeddings</c>), at least 1.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The width C of the encoder, a multiple of <see cref="Heads"/>.</summary>
    public required int Width { get; init; }

    /// <summary>The number of blocks, at least 1.</summary>
    public required int Layers { get; init; }

    /// <summary>The number of attention heads, at least 1.</summary>
    public required int Heads { get; init; }

    /// <summary>The width of the hidden layer of each block, at least 1.</summary>
    public required int InnerWidth { get; init; }

    /// <summary>The activation of the hidden layers, by transformers' name, such as <c>gelu</c> (exact),
    /// <c>gelu_new</c> (tanh), <c>relu</c>, <c>silu</c>.</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>The names of the labels in the order of the logits (<c>id2label</c>), at least one.</summary>
    public ImmutableArray<string> Labels { get; init; } = ["LABEL_0", "LABEL_1"];

    /// <summary>Whether each label is a yes-or-no question of its own (<c>problem_type</c> <c>multi_label_classification</c>).</summary>
    public bool IndependentLabels { get; init; }

    /// <summary>The keys under which a family writes what all families have.</summary>
    private protected abstract EncoderKeys Keys { get; }

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
        var json = new JsonObject
        {
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = MaxLength,
            [Keys.Width] = Width,
            [Keys.Layers] = Layers,
            [Keys.Heads] = Heads,
            [Keys.InnerWidth] = InnerWidth,
            [Keys.Activation] = Activation,
        };
        Write(json);
        ClassifierLabels.Write(json, Labels, IndependentLabels);
        return json.ToJsonString(Indented);
    }

    /// <summary>Throws one exception that names every fault by its key.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        CausalTransformerConfig.RequireSizes(
            faults,
            ("vocab_size", VocabularySize),
            ("max_position_embeddings", MaxLength),
            (Keys.Width, Width),
            (Keys.Layers, Layers),
            (Keys.Heads, Heads),
            (Keys.InnerWidth, InnerWidth)
        );
        if (Heads > 0 && Width % Heads != 0)
            faults.Add($"{Keys.Width} is {Width}, it must be a multiple of {Keys.Heads}, {Heads}");
        if (!Activations.Names.Contains(Activation))
            faults.Add($"{Keys.Activation} is '{Activation}', it must be one of {string.Join(", ", Activations.Names)}");
        if (Labels.IsDefaultOrEmpty)
            faults.Add("id2label is empty, there must be at least one label");
        AddFaults(faults);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults) + ".");
    }

    /// <summary>Reads a configuration and says what it is not when it cannot be read.</summary>
    private protected static T Read<T>(string json, string family, Func<ConfigReader, T> read)
        where T : EncoderConfig
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var keys = ConfigReader.Parse(json);
            T config = read(keys);
            ClassifierLabels.IgnoreCommonKeys(keys);
            keys.RequireNothingLeft();
            config.Validate();
            return config;
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            throw new InvalidDataException($"this is not the configuration of a {family} classifier: {e.Message}", e);
        }
    }

    /// <summary>Names the file in the error of a configuration that cannot be read.</summary>
    private protected static T Open<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(InputFile.ReadText(path, InputFile.LongestConfig));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    private protected abstract void Write(JsonObject json);

    private protected virtual void AddFaults(List<string> faults) { }
}

/// <summary>The keys of a <c>config.json</c> whose names differ between families.</summary>
internal sealed record EncoderKeys(string Width, string Layers, string Heads, string InnerWidth, string Activation);
