using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace AlignHuggingFace;

/// <summary>The policy being aligned and the reference it started from: two copies of the weights, or one with adapters that are on for the one and off for the other.</summary>
internal sealed class LanguageModel : IDisposable
{
    private readonly string _directory;
    private readonly PretrainedCausalLm _start;
    private readonly PolicyWithReference _pair;

    private LanguageModel(string directory, Arguments arguments, torch.Device device)
    {
        (_directory, _start) = (directory, PretrainedCausalLm.Load(directory, new PretrainedOptions { Device = device }));
        var generation = new GenerationOptions { MaxNewTokens = arguments.MaxNewTokens, StopTokens = _start.StopTokens };
        _pair = _start.WithReference(generation, arguments.Lora ? new LoraOptions { Alpha = 16, BaseModel = directory } : null, arguments.Seed);
    }

    /// <summary>pi_theta.</summary>
    public CausalLmPolicy Policy => _pair.Policy;

    /// <summary>pi_ref.</summary>
    public CausalLmPolicy Reference => _pair.Reference;

    /// <summary>The network behind <see cref="Policy"/>.</summary>
    public CausalTransformer Network => _pair.Network;

    /// <summary>What is trained.</summary>
    public IReadOnlyList<Parameter> Trained => Policy.Parameters;

    /// <summary>The most tokens of a prompt that leave room for a completion.</summary>
    public int MostPromptTokens => Network.MaxLength - Policy.Options.MaxNewTokens;

    /// <summary>Family and size in a line.</summary>
    public string Description
    {
        get
        {
            long all = _start.Model.parameters().Sum(parameter => parameter.numel()), trained = Trained.Sum(parameter => parameter.numel());
            return FormattableString.Invariant($"{_start.Model.GetName()} of {_directory}: {all / 1e6:0.##} million weights, {trained / 1e6:0.##} million trained{(_pair.HasAdapters ? " in adapters" : "")}");
        }
    }

    /// <summary>Reads the directory; the weights are copied where they themselves are trained.</summary>
    public static LanguageModel Load(string directory, Arguments arguments, torch.Device device) => new(directory, arguments, device);

    /// <summary>How many tokens a prompt has.</summary>
    public int TokensOf(Prompt prompt) => _start.Tokenizer.Encode(prompt.Text).Length;

    /// <summary>Writes a directory that holds the aligned model, adapters merged into the weights, and the adapters themselves beside it.</summary>
    /// <param name="directory">The directory.</param>
    public void Save(string directory)
    {
        if (_pair.HasAdapters)
            Network.SaveLora(AdapterDirectory(directory));
        _pair.Save(directory);
    }

    /// <summary>Adds what is trained to the checkpoints of a run: the adapters alone where there are some.</summary>
    public void AddTo(Checkpoints checkpoints)
    {
        if (!_pair.HasAdapters)
            checkpoints.Add("policy", Network);
        else
            checkpoints.Add("adapters", Network.named_parameters().Where(pair => pair.parameter.requires_grad));
    }

    /// <summary>Where <see cref="Save"/> puts the adapters of a model.</summary>
    public static string AdapterDirectory(string directory) => $"{directory}-adapter";

    /// <summary>Loads what was saved and compares: the largest difference of the logits of a text, as a share of the largest logit.</summary>
    public double DifferenceTo(string directory, string text, torch.Device device)
    {
        using var again = PretrainedCausalLm.Load(directory, new PretrainedOptions { Device = device });
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        long[] ids = [.. again.Tokenizer.Encode(text).Select(id => (long)id)];
        var tokens = tensor(ids, [1, ids.Length], device: device);
        var logits = Network.forward(tokens);
        return ((again.Model.forward(tokens) - logits).abs().max() / logits.abs().max()).item<float>();
    }

    public void Dispose()
    {
        _pair.Dispose();
        _start.Dispose();
    }
}
