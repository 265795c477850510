using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Memory without values, for weights that are about to be read from files.</summary>
/// <param name="type">The element type.</param>
/// <param name="device">The device.</param>
/// <param name="inFiles">The elements that the files hold:
/// a configuration that asks for many times more is refused before it gets the memory.</param>
/// <param name="directory">Where configuration and files lie.</param>
internal sealed class EmptyParameters(ScalarType type, Device device, long inFiles, string directory) : ParameterSource
{
    private const long Least = 4096; // what a parameter counts at least: a model of countless empty layers takes memory as well
    private const long Always = 1 << 24; // so many weights are never too many
    private readonly long _limit = LimitFor(inFiles);
    private long _taken;

    /// <summary>The most values that memory is taken for where files hold so many.</summary>
    internal static long LimitFor(long inFiles) => inFiles > (long.MaxValue - Always) / 4 ? long.MaxValue : (4 * inFiles) + Always;

    internal override Parameter Matrix(string name, double deviation, int rows, int columns) => Empty(name, rows, columns);

    internal override Parameter Vector(string name, double value, int size) => Empty(name, size);

    private Parameter Empty(string name, params long[] shape)
    {
        _taken += Math.Max(Least, shape.Aggregate(1L, (product, size) => product * size));
        if (_taken > _limit)
            throw new InvalidDataException(
                $"{directory}: config.json asks for a model of more than {_limit} weights, {name} {Shown.Shape(shape)} among them, but "
                    + $"the weight files hold {inFiles}; they do not belong together"
            );
        return Free(empty(shape, dtype: type, device: device));
    }
}
