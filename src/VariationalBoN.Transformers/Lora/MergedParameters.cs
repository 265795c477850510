using TorchSharp.Modules;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Lora;

/// <summary>The parameters of a model with adapters as those of a plain one:
/// copies of one element type, with scale B A added where there is an adapter.</summary>
internal sealed class MergedParameters(nn.Module adapted, ScalarType type) : ParameterSource
{
    private readonly Dictionary<string, Parameter> _parameters = adapted
        .named_parameters()
        .ToDictionary(pair => pair.name, pair => pair.parameter);
    private readonly Dictionary<string, Projection> _projections = adapted
        .named_modules()
        .Where(pair => pair.module is Projection { Adapter: not null })
        .ToDictionary(pair => $"{pair.name}.weight", pair => (Projection)pair.module);

    internal override Parameter Matrix(string name, double deviation, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return Free(
            (_projections.TryGetValue(name, out var projection) ? projection.MergedWeight().to(type) : Copy(name)).DetachFromDisposeScope()
        );
    }

    internal override Parameter Vector(string name, double value, int size) => Free(Copy(name));

    private Tensor Copy(string name)
    {
        using var weight = _parameters[name].detach();
        return weight.to(type, copy: true);
    }
}
