using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;
using VariationalBoN.Weights;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The shape of a <see cref="CausalTransformer"/>, read and written with the keys of Hugging Face's <c>config.json</c>.</summary>
/// <remarks>
/// A setting that would change the numbers and is not supported is refused by name;
/// so is a key that is not known. Immutable, so safe to share between threads.
/// </remarks>
public abstract record CausalTransformerConfig
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Beyond every model there is, and small enough that the products of sizes do not overflow.</summary>
    private const int MaximumSize = 1 << 24;

    private protected CausalTransformerConfig() { }

    /// <summary>V, the number of token ids (<c>vocab_size</c>), at least 1.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence in tokens (<c>n_positions</c>, <c>max_position_embeddings</c>), at least 1.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The width C of the residual stream (<c>n_embd</c>, <c>hidden_size</c>), at least 1.</summary>
    public required int Width { get; init; }

    /// <summary>The number of blocks (<c>n_layer</c>, <c>num_hidden_layers</c>), at least 1.</summary>
    public required int Layers { get; init; }

    /// <summary>The number of attention heads (<c>n_head</c>, <c>num_attention_heads</c>), at least 1.</summary>
    public required int Heads { get; init; }

    /// <summary>The family in Hugging Face's words (<c>model_type</c>).</summary>
    public abstract string ModelType { get; }

    /// <summary>The key of <see cref="MaxLength"/>, for messages.</summary>
    internal virtual string LengthKey => "max_position_embeddings";

    /// <summary>How names in files relate to names in the module.</summary>
    internal abstract WeightNames Names { get; }

    /// <summary>The configuration in a file, of the family that its <c>model_type</c> names.</summary>
    /// <param name="path">Path of a <c>config.json</c>.</param>
    /// <returns>A <see cref="Gpt2Config"/>, <see cref="GptNeoXConfig"/> or <see cref="LlamaConfig"/>.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that is not supported;
    /// the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CausalTransformerConfig Load(string path) => FromFile(path, FromJson);

    /// <summary>The configuration in the text of a <c>config.json</c>, of the family that its <c>model_type</c> names.</summary>
    /// <param name="json">The text.</param>
    /// <returns>A <see cref="Gpt2Config"/>, <see cref="GptNeoXConfig"/> or <see cref="LlamaConfig"/>.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that is not supported; the message names the key.</exception>
    public static CausalTransformerConfig FromJson(string json) =>
        Read<CausalTransformerConfig>(
            json,
            keys =>
                keys.Text("model_type") switch
                {
                    "gpt2" => Gpt2Config.Read(keys),
                    "gpt_neox" => GptNeoXConfig.Read(keys),
                    string type when LlamaFamilies.Find(type) is LlamaFamily family => LlamaConfig.Read(keys, family),
                    string other => throw new InvalidDataException(
                        $"model_type is \"{other}\"; supported: gpt2, gpt_neox, {string.Join(", ", LlamaFamilies.Names)}"
                    ),
                    null => throw new InvalidDataException(
                        $"the key model_type is missing; supported: gpt2, gpt_neox, {string.Join(", ", LlamaFamilies.Names)}"
                    ),
                }
        );

    /// <summary>Creates a model of this shape with the initial values of its family, N(0, 0.02) for matrices.</summary>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <returns>The model, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public CausalTransformer Create(long seed) => Create(new RandomParameters(seed));

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
        var json = new JsonObject { ["model_type"] = ModelType };
        Write(json);
        return json.ToJsonString(Indented);
    }

    /// <summary>A model of this shape.</summary>
    /// <param name="parameters">Where its parameters come from.</param>
    /// <param name="withHead">Whether it has an output layer;
    /// without one only <see cref="CausalTransformer.HiddenStates"/> may be called.</param>
    internal abstract CausalTransformer Create(ParameterSource parameters, bool withHead = true);

    /// <summary>Throws one exception that names every fault by its key.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        AddFaults(faults);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults) + ".");
    }

    /// <summary>Adds what is wrong.</summary>
    private protected abstract void AddFaults(List<string> faults);

    /// <summary>Writes all but the family.</summary>
    private protected abstract void Write(JsonObject json);

    /// <summary>Adds a fault for each size that no model has.</summary>
    internal static void RequireSizes(List<string> faults, params ReadOnlySpan<(string Key, int Value)> sizes)
    {
        foreach ((string key, int value) in sizes)
        {
            if (value < 1)
                faults.Add($"{key} is {value}, it must be at least 1");
            else if (value > MaximumSize)
                faults.Add($"{key} is {value}, it must be at most {MaximumSize}");
        }
    }

    /// <summary>Adds a fault when an activation or the constant of a normalisation is none.</summary>
    private protected static void RequireLayers(
        List<string> faults,
        string activationKey,
        string activation,
        string epsilonKey,
        double epsilon
    )
    {
        if (!Activations.Names.Contains(activation))
            faults.Add($"{activationKey} is '{activation}', it must be one of {string.Join(", ", Activations.Names)}");
        if (!(epsilon > 0 && double.IsFinite(epsilon)))
            faults.Add($"{epsilonKey} is {epsilon}, it must be above 0");
    }

    /// <summary>Reads a text: what <paramref name="read"/> does not ask for and is not without effect is refused.</summary>
    private protected static T Read<T>(string json, Func<ConfigReader, T> read)
        where T : CausalTransformerConfig
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var keys = ConfigReader.Parse(json);
            T config = read(keys);
            keys.Ignore(ConfigKeys.WithoutEffect);
            keys.RequireBool("add_cross_attention", false);
            keys.RequireBool("is_encoder_decoder", false);
            keys.RequireEmpty("pruned_heads");
            keys.RequireInt("chunk_size_feed_forward", 0);
            keys.RequireNothingLeft();
            config.Validate();
            return config;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"the configuration is faulty: {e.Message}", e);
        }
    }

    /// <summary>Reads a file; an error names it.</summary>
    private protected static T FromFile<T>(string path, Func<string, T> fromJson)
    {
        try
        {
            return fromJson(InputFile.ReadText(path, InputFile.LongestConfig));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
