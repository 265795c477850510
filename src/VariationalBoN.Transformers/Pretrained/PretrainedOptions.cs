using Microsoft.Extensions.Logging;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>
/// How a model is loaded from a directory: device, element type, mapping, mixed precision. Immutable, so safe to share between threads.
/// </summary>
public sealed record PretrainedOptions
{
    /// <summary>The element type of the weights: Float32, or BFloat16 for half the memory
    /// (values of other files are converted); Float64 for comparisons.</summary>
    /// <value>Default <see cref="ScalarType.Float32"/>.</value>
    public ScalarType ElementType { get; init; } = ScalarType.Float32;

    /// <summary>The device of the weights.</summary>
    /// <value>Default null: the processor.</value>
    public Device? Device { get; init; }

    /// <summary>
    /// Whether safetensors whose element type is <see cref="ElementType"/> are mapped into memory instead of read, on the processor:
    /// loading takes next to no time, models of one directory share their pages,
    /// also between processes, and a weight that is trained gets pages of its own.
    /// </summary>
    /// <value>Default true. On Windows, where a mapped file cannot be replaced, they are read in any case.</value>
    /// <remarks>
    /// A file that is mapped must not be written to in place: its weights change, and where it becomes shorter the process ends. Saving
    /// here replaces files by rename, which is safe. False for files that other programs write in place, such as on a share. On macOS the
    /// identity of mapped weights is a pass over them each time, as for those that were read.
    /// </remarks>
    public bool MapWeights { get; init; } = true;

    /// <summary>Whether files are mapped on this system.</summary>
    internal bool Maps => MapWeights && !OperatingSystem.IsWindows();

    /// <summary>
    /// Whether products with weights are computed in bfloat16 and everything else in float32:
    /// <see cref="CausalTransformer.MixedPrecision"/>. Float32 weights train; weights in BFloat16 stay frozen below adapters.
    /// </summary>
    /// <value>Default false.</value>
    public bool MixedPrecision { get; init; }

    /// <summary>Whether training computes blocks a second time to save memory:
    /// <see cref="CausalTransformer.RecomputesActivations"/>.</summary>
    /// <value>Default false.</value>
    public bool RecomputeActivations { get; init; }

    /// <summary>Receives each of <see cref="PretrainedCausalLm.Warnings"/> and
    /// the warnings of <see cref="PretrainedCausalLm.SaveGguf"/>.</summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Memory for the weights of files.</summary>
    internal ParameterSource Parameters(WeightDirectory weights)
    {
        if (ElementType is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float64))
            throw new ArgumentException($"{nameof(ElementType)} is {ElementType}; it must be Float32, BFloat16 or Float64.");
        if (MixedPrecision && ElementType == ScalarType.Float64)
            throw new ArgumentException(
                $"{nameof(ElementType)} is Float64 and {nameof(MixedPrecision)} is on; mixed precision needs Float32, or BFloat16 below "
                    + $"adapters."
            );
        TorchRuntime.Require();
        long elements = weights.Files.Sum(file => file.MostElements);
        return new EmptyParameters(ElementType, Device ?? CPU, elements, Path.GetDirectoryName(weights.Files[0].Path)!);
    }
}
