using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>Makes the layers of a model under the dotted names of its state dictionary:
/// the name that a parameter is asked for by is the name it has.</summary>
internal sealed class LayerTree(nn.Module root, ParameterSource parameters)
{
    private const double Deviation = 0.02; // initializer_range of both BERT and DistilBERT
    private readonly Dictionary<string, nn.Module> _modules = new() { [""] = root };

    /// <summary>y = x W^T + b.</summary>
    internal Projection Linear(string path, int inputs, int outputs) =>
        Place(path, new Projection(parameters, path, Deviation, inputs, outputs, bias: true));

    /// <summary>Layer normalisation over the last dimension.</summary>
    internal LayerNormalization Norm(string path, int width, double epsilon) =>
        Place(path, new LayerNormalization(parameters, path, width, epsilon));

    /// <summary>A table of vectors, one a row.</summary>
    internal VectorTable Table(string path, int rows, int width) => Place(path, new VectorTable(parameters, path, rows, width));

    private T Place<T>(string path, T module)
        where T : nn.Module
    {
        int dot = path.LastIndexOf('.');
        string parent = dot < 0 ? "" : path[..dot];
        if (!_modules.TryGetValue(parent, out var above))
            above = Place(parent, new Branch(parent));
        above.register_module(path[(dot + 1)..], module);
        _modules.Add(path, module);
        return module;
    }

    /// <summary>A part of a name, nothing else.</summary>
    private sealed class Branch(string name) : nn.Module(name);
}
