using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The activation functions of configurations, by the names that transformers gives them. Stateless, thread-safe.</summary>
internal static class Activations
{
    /// <summary>Every name that <see cref="Apply"/> knows.</summary>
    internal static readonly string[] Names =
    [
        "gelu",
        "gelu_python",
        "gelu_new",
        "gelu_fast",
        "gelu_accurate",
        "gelu_pytorch_tanh",
        "quick_gelu",
        "relu",
        "relu6",
        "relu2",
        "leaky_relu",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "tanh",
        "linear",
    ];

    internal static Tensor Apply(string name, Tensor x) =>
        name switch
        {
            "gelu" or "gelu_python" => x.gelu(),
            // four spellings of x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
            "gelu_new" or "gelu_fast" or "gelu_accurate" or "gelu_pytorch_tanh" => x.gelu(GELU.Approximate.tanh),
            "quick_gelu" => QuickGelu(x),
            "relu" => nn.functional.relu(x),
            "relu6" => nn.functional.relu6(x),
            "relu2" => nn.functional.relu(x).Squared(),
            "leaky_relu" => LeakyRelu(x),
            "silu" or "swish" => nn.functional.silu(x),
            "mish" => x * x.exp().log1p().tanh(),
            "sigmoid" => x.sigmoid(),
            "tanh" => x.tanh(),
            "linear" => x,
            _ => throw new ArgumentException($"The activation is '{name}'; it must be one of {string.Join(", ", Names)}.", nameof(name)),
        };

    /// <summary>x, times 0.01 where it is negative.</summary>
    private static Tensor LeakyRelu(Tensor x)
    {
        using Scalar slope = 0.01; // held until the call returns
        return x.leaky_relu(slope);
    }

    /// <summary>x sigmoid(1.702 x).</summary>
    private static Tensor QuickGelu(Tensor x)
    {
        using Scalar slope = 1.702; // held until the call returns
        return x * x.mul(slope).sigmoid();
    }
}
