using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>Memory without values, for weights that are about to be read from a file.</summary>
internal sealed class EmptyParameters(ScalarType type, Device device) : ParameterSource
{
    internal override Parameter Matrix(string name, double deviation, int rows, int columns) => Free(empty([rows, columns], dtype: type, device: device));

    internal override Parameter Vector(string name, double value, int size) => Free(empty([size], dtype: type, device: device));
}
