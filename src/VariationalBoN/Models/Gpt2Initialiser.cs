using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>Makes parameters that belong to no dispose scope, their values a pure function of seed and name.</summary>
internal sealed class Gpt2Initialiser(long seed)
{
    public Parameter Normal(string name, double deviation, int rows, int columns)
    {
        var random = new CounterRandom(new DrawSeed(seed), $"initial value of {name}", 0);
        var values = empty(rows, columns);
        var span = MemoryMarshal.Cast<byte, float>(values.bytes);
        for (int i = 0; i < span.Length; i++)
            span[i] = (float)(deviation * random.Normal(i));
        return Free(values);
    }

    public static Parameter Constant(float value, int size) => Free(full([size], value));

    private static Parameter Free(Tensor values)
    {
        using (values)
        {
            var parameter = nn.Parameter(values);
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }
}
