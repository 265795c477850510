using System.Collections.Immutable;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

/// <summary>A language model with its tokenizer, as one directory of Hugging Face holds them: load, train, save.</summary>
/// <remarks>
/// The directory is one as downloaded or as written by <c>save_pretrained</c>; docs/hugging-face.md says which families and files are read. It owns its model. Several
/// threads may use it at the same time as long as none changes the parameters.
/// </remarks>
public sealed class PretrainedCausalLm : IDisposable
{
    private readonly PretrainedFiles _files;
    private readonly WeightLayout _layout;
    private readonly HuggingFaceTokenizer? _tokenizer;

    private PretrainedCausalLm(PretrainedFiles files, CausalTransformer model, WeightLayout layout)
    {
        (_files, Model, _layout) = (files, model, layout);
        model.eval();
        _tokenizer = files.Tokenizer(model.VocabularySize);
        StopTokens = files.StopTokens(model.VocabularySize);
        if (_tokenizer?.EosId is int end && end < model.VocabularySize && !StopTokens.Contains(end))
        {
            string name = _tokenizer.TryGetToken(end, out string? token) ? $"{end} (\"{token}\")" : $"{end}";
            Warnings = [$"The tokenizer ends a text with token {name}, but eos_token_id of {files.StopTokensPlace} " +
                $"{(StopTokens.IsEmpty ? "names none" : $"is {string.Join(", ", StopTokens)}")}: a model that was trained to end with " +
                "the former goes on after it. Give both to GenerationOptions.StopTokens, or correct the file."];
        }
    }

    /// <summary>The model; every parameter is trainable.</summary>
    public CausalTransformer Model { get; }

    /// <summary>Whether the directory has a tokenizer.</summary>
    public bool HasTokenizer => _tokenizer is not null;

    /// <summary>The tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The directory has none; see <see cref="HasTokenizer"/>.</exception>
    public HuggingFaceTokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException("The model's directory has no tokenizer: none of tokenizer.json, vocab.json, vocab.txt and tokenizer.model.");

    /// <summary>
    /// The tokens that end a text (<c>eos_token_id</c> of <c>generation_config.json</c> or else of <c>config.json</c>), for <c>GenerationOptions.StopTokens</c>; empty where
    /// neither names one. A token for which the model has no logit is left out: it is never drawn.
    /// </summary>
    public ImmutableArray<int> StopTokens { get; }

    /// <summary>
    /// What of the directory may be meant and is more often a mistake, such as stop tokens without the tokenizer's own end of a text;
    /// empty when nothing is.
    /// </summary>
    public ImmutableArray<string> Warnings { get; } = [];

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
        var files = PretrainedFiles.Read(directory);
        using var weights = HuggingFaceWeights.Open(directory);
        var parameters = (options ?? new PretrainedOptions()).Parameters(weights);
        var config = files.ReadConfig(CausalTransformerConfig.FromJson);
        var model = config.Create(parameters);
        try
        {
            return new PretrainedCausalLm(files, model, HuggingFaceWeights.Load(weights, model, config.Names));
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
    public static PretrainedCausalLm Create(CausalTransformerConfig config, long seed, string? tokenizerDirectory = null, long maxFileBytes = 5_000_000_000)
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

    /// <summary>
    /// Writes a directory that Python and other engines read as they read the one that was loaded: the same names, files and order of the weights, <c>config.json</c> with
    /// all its keys, the files of the tokenizer byte for byte. Weights that were pickled are written as safetensors.
    /// </summary>
    /// <param name="directory">
    /// Path of the directory. A new one appears whole or not at all. In one that is there, files of the same names are replaced once all are written, other weight files of
    /// this format are removed, everything else stays.
    /// </param>
    /// <param name="elementType">
    /// The element type of the weights in the files; null for the one that each was loaded from, to which it is rounded: steps of training that are smaller than its precision
    /// are lost in bfloat16.
    /// </param>
    /// <exception cref="ArgumentException">The model has other parameters than it was loaded with, or the type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, ScalarType? elementType = null) => Save(directory, Model, elementType);

    /// <summary>Writes another model of the same shape, such as one with merged adapters, as <see cref="Save(string, ScalarType?)"/> writes this one.</summary>
    /// <param name="directory">Path of the directory; a new one appears whole or not at all.</param>
    /// <param name="model">The model, on any device; it stays the caller's.</param>
    /// <param name="elementType">The element type of the weights in the files; null for the one that each was loaded from.</param>
    /// <exception cref="ArgumentException">The model has other parameters than this one, which the message names, or the type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, CausalTransformer model, ScalarType? elementType = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _files.Save(directory, model, _layout, elementType);
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => Model.Dispose();
}
