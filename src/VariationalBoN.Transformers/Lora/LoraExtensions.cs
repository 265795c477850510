using System.Text.RegularExpressions;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Lora;

/// <summary>
/// Low-rank adapters on a causal transformer. The adapted model stands beside the model it was made from and reads the same weights, so
/// that the latter, which is the model with the adapters off, serves as reference policy without a second copy in memory. Stateless;
/// thread-safe as long as no thread changes the parameters.
/// </summary>
public static class LoraExtensions
{
    /// <summary>Files of an adapter directory, as PEFT names them.</summary>
    private const string ConfigFile = "adapter_config.json",
        WeightsFile = "adapter_model.safetensors";

    /// <summary>What PEFT puts before the names of the model.</summary>
    private const string PeftPrefix = "base_model.model.";

    extension(CausalTransformer model)
    {
        /// <summary>The options of the model's adapters; null when it has none.</summary>
        public LoraOptions? Lora => (LoraOptions?)model.AdaptedBy;
    }

    /// <summary>A model of the same weights with fresh adapters,
    /// which leave its numbers as they are until they are trained: B is zero.</summary>
    /// <param name="model">The base. Its weights are shared, not copied:
    /// frozen in the result, and moved to a device or element type before the call, not after it.</param>
    /// <param name="options">Which layers get adapters; null for all linear layers with rank 8.</param>
    /// <param name="seed">Fixes the initial values of A: uniform in +-1 / sqrt(in). No global generator is read or changed.</param>
    /// <returns>The adapted model in evaluation mode, the caller's to dispose; either model may
    /// be disposed first. Its adapters are float32, and only they require gradients.</returns>
    /// <exception cref="ArgumentException">The options are faulty or choose no layer, or a module that is no linear layer of a block;
    /// or the model has adapters already.</exception>
    public static CausalTransformer WithLora(this CausalTransformer model, LoraOptions? options = null, long seed = 0) =>
        Adapt(model, options ?? new LoraOptions(), seed, long.MaxValue);

    /// <summary>A model of the same weights with the adapters of a directory in PEFT's format.</summary>
    /// <param name="model">The base, as for <see cref="WithLora"/>.</param>
    /// <param name="directory">A directory with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <returns>The adapted model in evaluation mode, the caller's to dispose.</returns>
    /// <exception cref="InvalidDataException">A file is damaged, asks for something that is not supported, or does not fit the model;
    /// the message names file and fault.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static CausalTransformer LoadLora(this CausalTransformer model, string directory)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (InputFile.Find(directory, WeightsFile) is not string weights)
            throw new FileNotFoundException(
                $"{directory} has no {WeightsFile}; an older adapter_model.bin becomes one by loading and saving it with PEFT.",
                Path.Combine(directory, WeightsFile)
            );
        string config =
            InputFile.Find(directory, ConfigFile)
            ?? throw new FileNotFoundException(
                $"{directory} has no {ConfigFile}, which its adapters need; a save that was killed leaves this: save again.",
                Path.Combine(directory, ConfigFile)
            );
        var options = LoraOptions.Load(config);
        CausalTransformer adapted;
        try
        {
            using var file = new WeightFile(weights);
            adapted = Adapt(model, options, seed: 0, file.MostElements);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(weights, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{config}: {e.Message}", e);
        }
        catch (Exception e) when (model.Lora is null && e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidDataException($"{config}: {e.Message}", e);
        }

        try
        {
            Safetensors.Load(weights, InFile(adapted));
            return adapted;
        }
        catch
        {
            adapted.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the adapters of a model in PEFT's format. A new directory appears whole or not at all; in one that is there, a kill in the
    /// middle leaves a directory without <c>adapter_config.json</c>, which is refused, never new weights beside old settings.
    /// </summary>
    /// <param name="adapted">The adapted model.</param>
    /// <param name="directory">The directory; made when it is not there.</param>
    /// <exception cref="ArgumentException">The model has no adapters.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void SaveLora(this CausalTransformer adapted, string directory)
    {
        var options = Require(adapted);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string json = options.ToJson();
        AtomicDirectory.Write(
            directory,
            staging =>
            {
                Safetensors.Save(Path.Combine(staging, WeightsFile), InFile(adapted), new Dictionary<string, string> { ["format"] = "pt" });
                AtomicFile.Write(Path.Combine(staging, ConfigFile), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(json)));
            },
            isStale: _ => false,
            WeightsFile,
            ConfigFile
        );
    }

    /// <summary>A plain model of the same numbers: each adapted weight is W + (alpha / r) B A, the others are copied.</summary>
    /// <param name="adapted">The adapted model, which is left as it is.</param>
    /// <param name="elementType">
    /// The element type of the new model; null for the wider of those of weights and adapters, float32 on bfloat16 weights: what adapters
    /// learn is as a rule smaller than the precision of bfloat16, 1 part in 256.
    /// </param>
    /// <returns>The new model in evaluation mode with weights of its own, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The model has no adapters, or the type is not one that a model is held in.</exception>
    public static CausalTransformer MergeLora(this CausalTransformer adapted, ScalarType? elementType = null)
    {
        Require(adapted);
        if (elementType is not (null or ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float64))
            throw new ArgumentException(
                $"The element type is {elementType}; it must be Float32, BFloat16 or Float64.",
                nameof(elementType)
            );
        var type = elementType ?? promote_types(adapted.ElementType, adapted.LoraParameters()[0].dtype);
        var merged = adapted.Shape.Create(new MergedParameters(adapted, type), HasOutputLayer(adapted));
        merged.UseMixedPrecision(adapted.MixedPrecision && type != ScalarType.Float64);
        merged.RecomputeActivations(adapted.RecomputesActivations);
        merged.eval();
        return merged;
    }

    /// <summary>The parameters of the adapters, for an optimizer.</summary>
    /// <param name="adapted">The adapted model, which owns them.</param>
    /// <returns>A and B of each layer in the order of the layers.</returns>
    /// <exception cref="ArgumentException">The model has no adapters.</exception>
    public static IReadOnlyList<Parameter> LoraParameters(this CausalTransformer adapted)
    {
        Require(adapted);
        return [.. adapted.named_parameters().Where(pair => IsAdapter(pair.name)).Select(pair => pair.parameter)];
    }

    private static CausalTransformer Adapt(CausalTransformer model, LoraOptions options, long seed, long inFile)
    {
        ArgumentNullException.ThrowIfNull(model);
        options.Validate();
        if (model.Lora is not null)
            throw new ArgumentException(
                "The model has adapters already; merge them (MergeLora), or adapt the model that it was made from.",
                nameof(model)
            );
        var names = model.Shape.Names;
        string[] others =
        [
            .. model
                .named_modules()
                .Where(pair => pair.module is not Projection)
                .Select(pair => names.InFile($"{pair.name}.weight")[..^".weight".Length])
                .Where(options.Names),
        ];
        if (others.Length > 0)
            throw new ArgumentException(
                $"The targets ({Targets(options)}) name {string.Join(", ", others.Take(5))}; only the linear "
                    + "layers of blocks take adapters.",
                nameof(options)
            );
        var parameters = new LoraParameters(model, options, seed, inFile);
        var adapted = model.Shape.Create(parameters, HasOutputLayer(model));
        if (parameters.Count == 0)
        {
            adapted.Dispose();
            string known = string.Join(
                ", ",
                model.named_modules().Where(pair => pair.module is Projection).Select(pair => pair.name.Split('.')[^1]).Distinct()
            );
            throw new ArgumentException(
                $"The targets ({Targets(options)}) name no layer of this model; its linear layers end in " + $"{known}.",
                nameof(options)
            );
        }

        adapted.AdaptedBy = options;
        adapted.UseMixedPrecision(model.MixedPrecision);
        adapted.RecomputeActivations(model.RecomputesActivations);
        MappedWeights.HandOn(model, adapted);
        adapted.eval();
        return adapted;
    }

    /// <summary>Whether there is an output layer of its own:
    /// that of a classifier's decoder is left out, a tied one is the embedding.</summary>
    private static bool HasOutputLayer(CausalTransformer model) =>
        model.named_parameters().Any(pair => pair.name == model.Shape.Names.Head);

    private static Dictionary<string, Tensor> InFile(CausalTransformer adapted) =>
        adapted
            .named_parameters()
            .Where(pair => IsAdapter(pair.name))
            .ToDictionary(pair => PeftPrefix + adapted.Shape.Names.Prefix + pair.name, pair => (Tensor)pair.parameter);

    /// <summary>The setting that chooses the layers, under the name that it has in a file.</summary>
    private static string Targets(LoraOptions options) =>
        $"target_modules = {options.TargetPattern ?? string.Join(", ", options.TargetModules)}";

    private static bool IsAdapter(string name) =>
        name.EndsWith(".lora_A.weight", StringComparison.Ordinal) || name.EndsWith(".lora_B.weight", StringComparison.Ordinal);

    private static LoraOptions Require(CausalTransformer adapted)
    {
        ArgumentNullException.ThrowIfNull(adapted);
        return adapted.Lora
            ?? throw new ArgumentException("The model has no adapters; WithLora or LoadLora makes one that has.", nameof(adapted));
    }
}
