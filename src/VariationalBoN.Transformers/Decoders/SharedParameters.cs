using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The parameters of another model: two models, one copy of the weights. What is handed out is frozen and a handle of its own on the same
/// memory, so that either model may be disposed first and training the one cannot move the other.
/// </summary>
internal class SharedParameters(nn.Module owner) : ParameterSource
{
    private readonly Dictionary<string, Parameter> _parameters = owner
        .named_parameters()
        .ToDictionary(pair => pair.name, pair => pair.parameter);

    internal override Parameter Matrix(string name, double deviation, int rows, int columns) => Find(name, [rows, columns]);

    internal override Parameter Vector(string name, double value, int size) => Find(name, [size]);

    private Parameter Find(string name, long[] shape)
    {
        if (!_parameters.TryGetValue(name, out var found))
            throw new ArgumentException($"The model that parameters are shared with has no {name}.", nameof(name));
        return found.shape.AsSpan().SequenceEqual(shape)
            ? Free(found.detach(), trainable: false)
            : throw new ArgumentException(
                $"{name} is {Shown.Shape(found.shape)} in the model that parameters are shared with; {Shown.Shape(shape)} is needed.",
                nameof(name)
            );
    }
}
