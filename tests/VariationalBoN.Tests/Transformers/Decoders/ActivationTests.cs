using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "torch")]
public sealed class ActivationTests
{
    private static readonly double[] Inputs = [-7.5, -3, -1.25, -0.5, 0, 0.3, 1, 2.75, 6.5];

    public static TheoryData<string> Names => [.. Activations.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Activation_is_its_formula(string name)
    {
        using var scope = NewDisposeScope();
        double[] actual = Activations.Apply(name, tensor(Inputs)).data<double>().ToArray();
        for (int i = 0; i < Inputs.Length; i++)
            Assert.Equal(Formula(name, Inputs[i]), actual[i], 1e-7);
    }

    [Fact]
    public void Unknown_activation_is_refused_by_name()
    {
        using var x = zeros(1);
        Assert.Contains("'Gelu'", Assert.Throws<ArgumentException>(() => Activations.Apply("Gelu", x)).Message, StringComparison.Ordinal);
    }

    private static double Formula(string name, double x) =>
        name switch
        {
            "gelu" or "gelu_python" => x * NormalCdf(x),
            "gelu_new" or "gelu_fast" or "gelu_accurate" or "gelu_pytorch_tanh" => 0.5
                * x
                * (1 + Math.Tanh(0.7978845608028654 * (x + (0.044715 * x * x * x)))),
            "quick_gelu" => x / (1 + Math.Exp(-1.702 * x)),
            "relu" => Math.Max(x, 0),
            "relu6" => Math.Clamp(x, 0, 6),
            "relu2" => Math.Max(x, 0) * Math.Max(x, 0),
            "leaky_relu" => x < 0 ? 0.01 * x : x,
            "silu" or "swish" => x / (1 + Math.Exp(-x)),
            "mish" => x * Math.Tanh(Math.Log(1 + Math.Exp(x))),
            "sigmoid" => 1 / (1 + Math.Exp(-x)),
            "tanh" => Math.Tanh(x),
            "linear" => x,
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no formula"),
        };

    /// <summary>The trapezoid rule from -40 on: independent of any error function.</summary>
    private static double NormalCdf(double x)
    {
        const int steps = 400_000;
        double h = (x + 40) / steps,
            sum = 0;
        for (int i = 0; i <= steps; i++)
        {
            double t = -40 + (i * h);
            sum += (i is 0 or steps ? 0.5 : 1) * Math.Exp(-t * t / 2);
        }

        return sum * h / Math.Sqrt(2 * Math.PI);
    }
}
