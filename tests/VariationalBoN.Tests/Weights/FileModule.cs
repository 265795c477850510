using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

/// <summary>A module with the parameters that a list names, of any family: what loading and saving need to know of a model.</summary>
internal sealed class FileModule : nn.Module
{
    internal FileModule(IEnumerable<(string Name, long[] Shape)> parameters, ScalarType type = ScalarType.Float32)
        : base(nameof(FileModule))
    {
        var modules = new Dictionary<string, nn.Module> { [""] = this };
        foreach ((string name, long[] shape) in parameters)
        {
            string[] parts = name.Split('.');
            string path = "";
            for (int i = 0; i < parts.Length - 1; i++)
            {
                string inner = i == 0 ? parts[0] : $"{path}.{parts[i]}";
                if (!modules.ContainsKey(inner))
                    modules[path].register_module(parts[i], modules[inner] = new Node(inner));
                path = inner;
            }

            var parameter = nn.Parameter(zeros(shape, type));
            parameter.DetachFromDisposeScope();
            modules[path].register_parameter(parts[^1], parameter);
        }
    }

    /// <summary>A module that fits the files of a directory: its names are those of the files without the prefix.</summary>
    internal static FileModule For(string directory, WeightNames names, ScalarType type = ScalarType.Float32)
    {
        using var weights = HuggingFaceWeights.Open(directory);
        return new FileModule(
            weights
                .Files.SelectMany(file => file.Entries)
                .Where(entry => !names.IsBuffer(entry.Name))
                .Select(entry =>
                    (
                        entry.Name.StartsWith(names.Prefix, StringComparison.Ordinal) ? entry.Name[names.Prefix.Length..] : entry.Name,
                        entry.Shape
                    )
                ),
            type
        );
    }

    private sealed class Node(string name) : nn.Module(name);
}
