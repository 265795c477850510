using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

/// <summary>
/// A language model with its tokenizer, loaded from a Hugging Face directory and saved as one:
/// the usual way to get a policy and its reference.
/// </summary>
/// <remarks>
/// The directory is one as downloaded or as written by <c>save_pretrained</c>, of a family that
/// has a <see cref="Decoders.CausalTransformerConfig"/>; others are refused by name. It owns its
/// model. Several threads may use it at the same time as long as none changes the parameters.
/// </remarks>
public sealed partial class PretrainedCausalLm : IDisposable
{
    private readonly PretrainedFiles _files;
    private readonly WeightLayout _layout;
    private readonly PretrainedText _text;
    private bool _trains;

    private PretrainedCausalLm(PretrainedFiles files, CausalTransformer model, WeightLayout layout)
    {
        (_files, Model, _layout) = (files, model, layout);
        model.eval();
        _text = new PretrainedText(files, model.VocabularySize);
    }

    /// <summary>The model; every parameter is trainable until <see cref="WithReference"/> with adapters freezes it.</summary>
    public CausalTransformer Model { get; }

    /// <summary>Whether the directory has a tokenizer.</summary>
    public bool HasTokenizer => _text.Tokenizer is not null;

    /// <summary>The tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The directory has none; see <see cref="HasTokenizer"/>.</exception>
    public HuggingFaceTokenizer Tokenizer =>
        _text.Tokenizer
        ?? throw new InvalidOperationException(
            "The model's directory has no tokenizer: none of tokenizer.json, vocab.json, vocab.txt and tokenizer.model."
        );

    /// <summary>
    /// The tokens that end a text (<c>eos_token_id</c> of <c>generation_config.json</c> or else of <c>config.json</c>) and the one that
    /// ends a turn of the chat template, for <c>GenerationOptions.StopTokens</c>; empty where nothing names one. A token for which the
    /// model has no logit is left out: it is never drawn.
    /// </summary>
    public ImmutableArray<int> StopTokens => _text.StopTokens;

    /// <summary>Whether the directory has a chat template that can be used.</summary>
    public bool HasChatTemplate => _text.Chat is not null;

    /// <summary>The chat template.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it cannot be used;
    /// see <see cref="HasChatTemplate"/> and <see cref="Warnings"/>.</exception>
    public ChatTemplate ChatTemplate => _text.Chat?.Template ?? throw new InvalidOperationException(_text.WhyNoTemplate);

    /// <summary>
    /// What in the directory is probably a mistake, such as stop tokens without the token by which the
    /// tokenizer ends a text; empty when nothing is. <see cref="PretrainedOptions.Logger"/> receives each.
    /// </summary>
    public ImmutableArray<string> Warnings => _text.Warnings;

    /// <summary>The tokenizer with the chat template, which turns conversations into tokens.</summary>
    /// <param name="options">What else the tokens depend on; null for the defaults.</param>
    /// <returns>A tokenizer for <c>CausalLmPolicy</c> and <see cref="WithReference"/>.</returns>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer or no chat template that can be used.</exception>
    public ChatTokenizer Chat(ChatTokenizerOptions? options = null) => new(Tokenizer, ChatTemplate, options);

    /// <summary>The tokenizer of prompts: <see cref="Chat"/> where the directory has a chat
    /// template, otherwise <see cref="Tokenizer"/>, which takes texts alone.</summary>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer.</exception>
    public ITokenizer PromptTokenizer => (ITokenizer?)_text.Chat ?? Tokenizer;

    /// <summary>Reads a model, its weights straight into its parameters, and its tokenizer.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">Element type and device; null for float32 on the processor.</param>
    /// <returns>The model, in evaluation mode; the caller's to dispose.</returns>
    /// <exception cref="IOException">The directory or one of its files is missing or cannot be read; the message names it.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, asks for something that is not supported, or does not fit the others; the message names file and place.
    /// </exception>
    /// <exception cref="ArgumentException">The options are faulty.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static PretrainedCausalLm Load(string directory, PretrainedOptions? options = null)
    {
        options ??= new PretrainedOptions();
        var files = PretrainedFiles.Read(directory);
        using var weights = HuggingFaceWeights.Open(directory);
        var parameters = options.Parameters(weights);
        var config = files.ReadConfig(CausalTransformerConfig.FromJson);
        var model = config.Create(parameters);
        try
        {
            model.UseMixedPrecision(options.MixedPrecision);
            model.RecomputeActivations(options.RecomputeActivations);
            var loaded = new PretrainedCausalLm(files, model, HuggingFaceWeights.Load(weights, model, config.Names, options.Maps))
            {
                Logger = options.Logger,
            };
            foreach (string warning in loaded.Warnings)
                options.Logger?.ModelDirectory(directory, warning);
            return loaded;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A new model with random weights, to be saved as a directory.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <param name="tokenizerDirectory">Where the files of its tokenizer lie; null for a model without one.</param>
    /// <param name="maxFileBytes">The size beyond which weights are split over several files.</param>
    /// <returns>The model, in evaluation mode; the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="IOException">A file of the tokenizer cannot be read.</exception>
    /// <exception cref="InvalidDataException">The tokenizer is not supported, or has more tokens than the model.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static PretrainedCausalLm Create(
        CausalTransformerConfig config,
        long seed,
        string? tokenizerDirectory = null,
        long maxFileBytes = 5_000_000_000
    )
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFileBytes, 1);
        var files = PretrainedFiles.New(config.ToJson(), tokenizerDirectory);
        var model = config.Create(seed);
        try
        {
            return new PretrainedCausalLm(files, model, WeightLayout.For(model.state_dict(), config.Names, maxFileBytes));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The policy to train and the frozen reference that it starts from.</summary>
    /// <remarks>
    /// With adapters, the reference is <see cref="Model"/>, which is frozen by the call, and the policy is the model with adapters on the
    /// same weights: no weight is held twice. Without them, the policy is <see cref="Model"/>, and the reference is a frozen copy of it.
    /// Weights that are mapped and not trained yet (<see cref="PretrainedOptions.MapWeights"/>) take no memory twice, as long as their file
    /// is there; each that trains then takes its own. Both share the tokenizer.
    /// </remarks>
    /// <param name="options">How completions are drawn; null for the defaults, with <see cref="StopTokens"/>.</param>
    /// <param name="lora">Which layers get adapters, that alone train; null to train the weights themselves.</param>
    /// <param name="seed">Fixes the initial values of the adapters.</param>
    /// <param name="tokenizer">
    /// What turns prompts into tokens, such as <see cref="Chat"/> with options or a template of your own;
    /// null for <see cref="PromptTokenizer"/>.
    /// </param>
    /// <returns>Both, the caller's to dispose, before this object.</returns>
    /// <exception cref="ArgumentException">An option is faulty; the message names every fault.</exception>
    /// <exception cref="InvalidOperationException">
    /// The directory has no tokenizer; or the model cannot be both: it is frozen already and was to train, or it is the policy of an
    /// earlier call and was to be the reference; or its weights are BFloat16 in mixed precision and were to train.
    /// </exception>
    public PolicyWithReference WithReference(
        GenerationOptions? options = null,
        LoraOptions? lora = null,
        long seed = 0,
        ITokenizer? tokenizer = null
    )
    {
        tokenizer ??= PromptTokenizer;
        var plain = new CausalLmPolicy(Model, tokenizer, options ?? new GenerationOptions { StopTokens = StopTokens });
        if (lora is not null)
        {
            if (_trains)
                throw new InvalidOperationException(
                    "The model is the policy of an earlier call, so it cannot be a frozen reference as well. Load the directory again."
                );
            var adapted = Model.WithLora(lora, seed);
            Model.Freeze();
            return new PolicyWithReference(this, plain, adapted, tokenizer);
        }

        if (!plain.IsTrainable)
            throw new InvalidOperationException(
                "The model is frozen, such as by an earlier call with adapters, so its weights cannot train. Load the directory again."
            );
        if (Model.MixedPrecision && Model.ElementType == ScalarType.BFloat16)
        {
            throw new InvalidOperationException(
                "The weights are BFloat16 and the model is of mixed precision, which adds steps of training to float32 weights. "
                    + "Load it in Float32 (PretrainedOptions.ElementType), or give adapters (lora)."
            );
        }

        _trains = true;
        return new PolicyWithReference(this, plain, FrozenCopy(), tokenizer);
    }

    private ILogger? Logger { get; init; }

    /// <summary>The files beside the weights.</summary>
    internal PretrainedFiles Files => _files;

    /// <summary>Frees the model.</summary>
    public void Dispose() => Model.Dispose();

    /// <summary>A frozen copy of the model, on the pages of its files where it still is what they hold.</summary>
    private CausalTransformer FrozenCopy()
    {
        long elements = Model.parameters().Sum(parameter => parameter.numel());
        var copy = Model.Shape.Create(new EmptyParameters(Model.ElementType, Model.Device, elements, "the model"));
        try
        {
            var shared = MappedWeights.Share(Model, copy);
            var source = Model.state_dict();
            using var noGradient = no_grad();
            foreach ((string name, var value) in copy.state_dict().Where(pair => !shared.Contains(pair.Key)))
                value.copy_(source[name]);
            copy.UseMixedPrecision(Model.MixedPrecision);
            return copy.Freeze();
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }
}
