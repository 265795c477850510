using System.Globalization;
using SampleHosting;
using TorchSharp.Modules;
using VariationalBoN;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Gguf;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace AlignHuggingFace;

/// <summary>
/// The policy being aligned and the reference it started from: two copies of the weights, or one with adapters that are on for the one and
/// off for the other. On two devices there are two copies in any case.
/// </summary>
internal sealed class LanguageModel : IDisposable
{
    private readonly string _directory;
    private readonly PretrainedCausalLm _start;
    private readonly PolicyWithReference? _pair; // null where the weights themselves train and the reference is elsewhere
    private readonly PretrainedCausalLm? _elsewhere;

    private LanguageModel(string directory, Arguments arguments, Device device, Device referenceDevice)
    {
        var options = new PretrainedOptions
        {
            ElementType = arguments.ElementType,
            Device = device,
            MixedPrecision = arguments.MixedPrecision,
            RecomputeActivations = arguments.RecomputeActivations,
            Logger = ConsoleLog.Warnings,
        };
        (_directory, _start) = (directory, PretrainedCausalLm.Load(directory, options));
        var generation = new GenerationOptions
        {
            MaxNewTokens = arguments.MaxNewTokens,
            StopTokens = _start.StopTokens,
            Logger = ConsoleLog.Warnings,
        };
        var lora = arguments.Lora ? new LoraOptions { Alpha = 16, BaseModel = directory } : null;
        bool apart = device.ToString() != referenceDevice.ToString();
        if (lora is not null || !apart)
            _pair = _start.WithReference(generation, lora, arguments.Seed);
        Policy = _pair?.Policy ?? new CausalLmPolicy(_start.Model, _start.PromptTokenizer, generation);
        if (!apart)
        {
            Reference = _pair!.Reference;
            return;
        }

        _elsewhere = PretrainedCausalLm.Load(directory, options with { Device = referenceDevice });
        _elsewhere.Model.Freeze();
        Reference = new CausalLmPolicy(_elsewhere.Model, _elsewhere.PromptTokenizer, generation);
    }

    /// <summary>pi_theta.</summary>
    public CausalLmPolicy Policy { get; }

    /// <summary>pi_ref.</summary>
    public CausalLmPolicy Reference { get; }

    /// <summary>The network behind <see cref="Policy"/>.</summary>
    public CausalTransformer Network => _pair?.Network ?? _start.Model;

    /// <summary>What is trained.</summary>
    public IReadOnlyList<Parameter> Trained => Policy.Parameters;

    /// <summary>
    /// The bytes of one copy of all weights; of two in float32 where they are bfloat16,
    /// which are saved merged in float32 and compared with what was saved.
    /// </summary>
    public long WeightBytes =>
        _start.Model.parameters().Sum(parameter => parameter.numel() * (IsNarrow ? 2 * sizeof(float) : parameter.element_size()));

    /// <summary>The most tokens of a prompt that leave room for a completion.</summary>
    public int MostPromptTokens => Network.MaxLength - Policy.Options.MaxNewTokens;

    /// <summary>Family, size and place in a line.</summary>
    public string Description
    {
        get
        {
            long all = _start.Model.parameters().Sum(parameter => parameter.numel()),
                trained = Trained.Sum(parameter => parameter.numel());
            string where = _elsewhere is null ? "" : $", on {_start.Model.Device}, the reference on {_elsewhere.Model.Device}";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{_start.Model.GetName()} of {_directory}: {all / 1e6:0.##} million weights, {trained / 1e6:0.##} million "
                    + $"trained{(HasAdapters ? " in adapters" : "")}{where}"
            );
        }
    }

    private bool IsNarrow => Network.ElementType == ScalarType.BFloat16;

    private bool HasAdapters => _pair?.HasAdapters == true;

    /// <summary>Reads the directory; the weights are copied where they themselves are trained.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="arguments">What the user asked for.</param>
    /// <param name="device">Where the policy is.</param>
    /// <param name="referenceDevice">Where the reference is.</param>
    public static LanguageModel Load(string directory, Arguments arguments, Device device, Device referenceDevice) =>
        new(directory, arguments, device, referenceDevice);

    /// <summary>Whether conversations can be prompts.</summary>
    public bool HasChatTemplate => _start.HasChatTemplate;

    /// <summary>How many tokens a prompt has.</summary>
    public int TokensOf(Prompt prompt) => _start.PromptTokenizer.Encode(prompt, addSpecialTokens: true).Length;

    /// <summary>Writes a directory that holds the aligned model, adapters merged into the weights,
    /// and the adapters themselves beside it.</summary>
    /// <param name="directory">The directory.</param>
    public void Save(string directory)
    {
        if (HasAdapters)
            Network.SaveLora(AdapterDirectory(directory));
        if (_pair is null)
            _start.Save(directory);
        else
            _pair.Save(directory);
    }

    /// <summary>Writes the aligned model, adapters merged, as a file for llama.cpp.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="type">How matrices are stored.</param>
    /// <exception cref="InvalidDataException">llama.cpp would compute something else; the message names the setting.</exception>
    public void SaveGguf(string path, GgufType type)
    {
        using var merged = HasAdapters ? Network.MergeLora() : null;
        try
        {
            _start.SaveGguf(path, type, merged);
        }
        catch (NotSupportedException e)
        {
            throw new InvalidDataException($"--gguf cannot be written, everything else is: {e.Message}", e);
        }
    }

    /// <summary>Adds what is trained to the checkpoints of a run: the adapters alone where there are some.</summary>
    public void AddTo(Checkpoints checkpoints)
    {
        if (!HasAdapters)
            checkpoints.Add("policy", Network);
        else
            checkpoints.Add("adapters", Network.named_parameters().Where(pair => pair.parameter.requires_grad));
    }

    /// <summary>Where <see cref="Save"/> puts the adapters of a model.</summary>
    public static string AdapterDirectory(string directory) => $"{directory}-adapter";

    /// <summary>Loads what was saved and compares: the largest difference of the logits of a prompt,
    /// as a share of the largest logit.</summary>
    public double DifferenceTo(string directory, Prompt prompt)
    {
        using var again = PretrainedCausalLm.Load(directory, new PretrainedOptions { Device = Network.Device });
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        long[] ids = [.. again.PromptTokenizer.Encode(prompt, addSpecialTokens: true).Select(id => (long)id)];
        var tokens = tensor(ids, [1, ids.Length], device: Network.Device);
        using var merged = IsNarrow ? Network.MergeLora() : null; // in float32, as it was saved
        var aligned = merged ?? Network;
        bool mixed = aligned.MixedPrecision;
        aligned.UseMixedPrecision(false); // the products of merged adapters are rounded elsewhere than those of adapters on their own
        var logits = aligned.forward(tokens);
        aligned.UseMixedPrecision(mixed);
        return ((again.Model.forward(tokens) - logits).abs().max() / logits.abs().max()).item<float>();
    }

    public void Dispose()
    {
        _pair?.Dispose();
        _start.Dispose();
        _elsewhere?.Dispose();
    }
}
