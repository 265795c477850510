using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Initial values that are a pure function of seed and name.</summary>
internal sealed class RandomParameters(long seed) : ParameterSource
{
    internal override Parameter Matrix(string name, double deviation, int rows, int columns)
    {
        var random = new CounterRandom(new DrawSeed(seed), $"initial value of {name}", 0);
        var values = empty(rows, columns);
        Parallel.For(
            0,
            rows,
            row =>
            {
                var span = values.Elements<float>().Slice(row * columns, columns);
                for (int i = 0; i < columns; i++)
                    span[i] = (float)(deviation * random.Normal((row * columns) + i));
            }
        );
        return Free(values);
    }

    internal override Parameter Vector(string name, double value, int size) =>
        Free(HeldArithmetic.Filled([size], value, ScalarType.Float32, CPU));
}
