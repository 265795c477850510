using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>
/// Transformers written out a second time, in plain loops over doubles and from the formulas of transformers' modelling files, with none of
/// the library's layers: what the library computes for settings that no golden case covers.
/// </summary>
internal sealed class NaiveModel
{
    private readonly Dictionary<string, (long[] Shape, double[] Values)> _weights = [];

    /// <summary>Gives every parameter of a module random values, large enough that a missing one shows, and keeps a copy of them.</summary>
    internal NaiveModel(nn.Module module, int seed)
    {
        using var noGradient = no_grad();
        var random = new Random(seed);
        foreach (var (name, parameter) in module.named_parameters())
        {
            double center =
                parameter.dim() == 1
                && (name.Contains("norm", StringComparison.OrdinalIgnoreCase) || name.Contains("ln_", StringComparison.Ordinal))
                && name.EndsWith("weight", StringComparison.Ordinal)
                    ? 1
                    : 0;
            float[] values = new float[parameter.numel()];
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(center + (0.3 * ((2 * random.NextDouble()) - 1)));
            values.CopyTo(MemoryMarshal.Cast<byte, float>(parameter.bytes));
            _weights.Add(name, (parameter.shape, Array.ConvertAll(values, value => (double)value)));
        }
    }

    /// <summary>What stood before each block of the last pass, [T][C] each.</summary>
    internal List<double[][]> Streams { get; } = [];

    internal double[][] Rows(string name, IEnumerable<int> rows)
    {
        (long[] shape, double[] values) = _weights[name];
        return [.. rows.Select(row => values[(row * (int)shape[1])..((row + 1) * (int)shape[1])])];
    }

    /// <summary>x W^T + b, or x W + b where the weight is stored [in, out]; b where there is one.</summary>
    internal double[][] Linear(string name, double[][] x, bool inputFirst = false)
    {
        (long[] shape, double[] w) = _weights[$"{name}.weight"];
        double[]? b = _weights.TryGetValue($"{name}.bias", out var bias) ? bias.Values : null;
        (int inputs, int outputs) = inputFirst ? ((int)shape[0], (int)shape[1]) : ((int)shape[1], (int)shape[0]);
        return
        [
            .. x.Select(row =>
            {
                double[] y = new double[outputs];
                for (int o = 0; o < outputs; o++)
                {
                    double sum = b?[o] ?? 0;
                    for (int i = 0; i < inputs; i++)
                        sum += row[i] * (inputFirst ? w[(i * outputs) + o] : w[(o * inputs) + i]);
                    y[o] = sum;
                }

                return y;
            }),
        ];
    }

    internal double[][] LayerNorm(string name, double[][] x, double epsilon) =>
        [
            .. x.Select(row =>
            {
                double mean = row.Average(),
                    deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + epsilon);
                return row.Select(
                        (v, i) => ((v - mean) / deviation * _weights[$"{name}.weight"].Values[i]) + _weights[$"{name}.bias"].Values[i]
                    )
                    .ToArray();
            }),
        ];

    internal double[][] RmsNorm(string name, double[][] x, double epsilon) =>
        [
            .. x.Select(row =>
            {
                double size = Math.Sqrt(row.Average(v => v * v) + epsilon);
                return row.Select((v, i) => v / size * _weights[$"{name}.weight"].Values[i]).ToArray();
            }),
        ];

    internal static double[][] Map(double[][] x, Func<double, double> f) => [.. x.Select(row => row.Select(f).ToArray())];

    internal static double[][] Add(double[][] x, double[][] y) => [.. x.Zip(y, (a, b) => a.Zip(b, (u, v) => u + v).ToArray())];

    internal static double[][] Multiply(double[][] x, double[][] y) => [.. x.Zip(y, (a, b) => a.Zip(b, (u, v) => u * v).ToArray())];

    /// <summary>Part [from, from + size) of each row.</summary>
    internal static double[][] Part(double[][] x, int from, int size) => [.. x.Select(row => row[from..(from + size)])];

    internal static double[][] Concat(IEnumerable<double[][]> parts) =>
        [.. parts.Aggregate((a, b) => [.. a.Zip(b, (u, v) => (double[])[.. u, .. v])])];

    /// <summary>The first 2 |frequencies| dimensions turned by position times frequency, halves paired.</summary>
    internal static double[][] Rotate(double[][] x, double[] frequencies) =>
        [
            .. x.Select(
                (row, position) =>
                {
                    double[] turned = [.. row];
                    int half = frequencies.Length;
                    for (int i = 0; i < half; i++)
                    {
                        (double sin, double cos) = Math.SinCos(position * frequencies[i]);
                        (turned[i], turned[i + half]) = ((row[i] * cos) - (row[i + half] * sin), (row[i + half] * cos) + (row[i] * sin));
                    }

                    return turned;
                }
            ),
        ];

    /// <summary>One head: softmax(q k^T / sqrt(D)) v over the keys that <paramref name="sees"/> admits.</summary>
    internal static double[][] Attend(double[][] q, double[][] k, double[][] v, Func<int, int, bool> sees) =>
        [
            .. q.Select(
                (query, t) =>
                {
                    double[] weights =
                    [
                        .. k.Select((key, s) => sees(t, s) ? Math.Exp(query.Zip(key, (a, b) => a * b).Sum() / Math.Sqrt(query.Length)) : 0),
                    ];
                    double total = weights.Sum();
                    return Enumerable.Range(0, v[0].Length).Select(d => weights.Select((w, s) => w * v[s][d]).Sum() / total).ToArray();
                }
            ),
        ];

    internal static Func<double, double> Activation(string name) =>
        name switch
        {
            "gelu_new" => x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
            "gelu" => x => x * special.erfc(tensor(-x / Math.Sqrt(2))).item<double>() / 2,
            "silu" => x => x / (1 + Math.Exp(-x)),
            "relu" => x => Math.Max(x, 0),
            "quick_gelu" => x => x / (1 + Math.Exp(-1.702 * x)),
            _ => throw new ArgumentException(name),
        };
}
