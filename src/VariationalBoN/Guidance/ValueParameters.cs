using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Makes the parameters of a value network, each from a stream of random numbers of its own.</summary>
/// <param name="register">Told name and parameter.</param>
/// <param name="seed">Fixes every value.</param>
internal sealed class ValueParameters(Action<string, Parameter> register, long seed)
{
    private int _stream;

    /// <summary>[rows, columns] of N(0, 1 / columns).</summary>
    public Parameter Matrix(string name, int rows, int columns) =>
        Of(name, Normal(1 / Math.Sqrt(columns), (long)rows * columns), rows, columns);

    /// <summary>[stack, size, size], each matrix as <see cref="Matrix"/>.</summary>
    public Parameter Matrices(string name, int stack, int size) =>
        Of(name, Normal(1 / Math.Sqrt(size), (long)stack * size * size), stack, size, size);

    /// <summary>[rows, columns] of N(0, 0.09): a row is one of few inputs.</summary>
    public Parameter Table(string name, int rows, int columns) => Of(name, Normal(0.3, (long)rows * columns), rows, columns);

    public Parameter Zeros(string name, params long[] shape) =>
        Of(name, new float[shape.Aggregate(1L, (product, size) => product * size)], shape);

    /// <summary>A parameter of given values; without a shape a vector.</summary>
    public Parameter Of(string name, float[] values, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(values, shape.Length == 0 ? [values.Length] : shape), requires_grad: true);
        parameter.DetachFromDisposeScope();
        register(name, parameter);
        return parameter;
    }

    private float[] Normal(double scale, long count)
    {
        var random = new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), "value head", _stream++);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(scale * random.Normal(i));
        return values;
    }
}
