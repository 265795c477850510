using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Weights;

namespace VariationalBoN.Training;

/// <summary>Some parameters by their names as a part of a checkpoint. Stateless.</summary>
internal static class ParameterPart
{
    /// <summary>A part that is held against its file, names, shapes and element types,
    /// before anything of a checkpoint is restored.</summary>
    /// <exception cref="ArgumentException">There is no parameter, or a name stands twice.</exception>
    internal static CheckpointPart Of(string name, IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        var tensors = new Dictionary<string, torch.Tensor>(StringComparer.Ordinal);
        foreach ((string parameterName, Parameter parameter) in parameters)
        {
            ArgumentNullException.ThrowIfNull(parameter, nameof(parameters));
            if (!tensors.TryAdd(parameterName, parameter))
                throw new ArgumentException(
                    $"The parameter \"{parameterName}\" stands twice in the part \"{name}\"; give each a name of its own.",
                    nameof(parameters)
                );
        }

        if (tensors.Count == 0)
            throw new ArgumentException(
                $"The part \"{name}\" has no parameter; give at least one, such as those that require a gradient.",
                nameof(parameters)
            );
        return new CheckpointPart($"{name}.safetensors", path => Safetensors.Save(path, tensors), path => Load(path, tensors), () => { });
    }

    private static Action Load(string path, Dictionary<string, torch.Tensor> tensors)
    {
        using (var file = new WeightFile(path))
        {
            string[] others =
            [
                .. WeightMatch
                    .Match([file], tensors, new WeightNames("", "", ""))
                    .Reads.Where(read => read.Entry.Type != read.Target.dtype)
                    .Select(read => $"{read.Entry.Name} is {read.Entry.Type} in the file and {read.Target.dtype} here"),
            ];
            if (others.Length > 0)
                throw new InvalidDataException(
                    $"{path} holds parameters of another element type: {string.Join("; ", others)}. Load the model in the type that the "
                        + $"run was started with."
                );
        }

        return Safetensors.Open(path, tensors);
    }
}
