using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>Writes the weights of a module into a directory in a given layout.</summary>
internal static class WeightWriter
{
    /// <summary>Writes the files and then, for several, their index.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <param name="tensors">The tensors of the module by name.</param>
    /// <param name="layout">Where each of them goes.</param>
    /// <param name="type">The type of all floating-point weights; null for that of each in memory.</param>
    /// <exception cref="ArgumentException">The module is not the one that the layout was made for;
    /// the message names what differs.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    internal static void Write(string directory, IReadOnlyDictionary<string, Tensor> tensors, WeightLayout layout, ScalarType? type)
    {
        RequireSame(tensors, layout);
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        long total = 0,
            elements = 0;
        foreach (var file in layout.Files)
        {
            var items = file.Tensors.Select(laid => Item(laid, laid.Target is null ? null : tensors[laid.Target], type)).ToList();
            SafetensorsWriter.Write(
                Path.Combine(directory, file.Name),
                items,
                file.Metadata.ContainsKey("format") ? file.Metadata : new Dictionary<string, string>(file.Metadata) { ["format"] = "pt" }
            );
            foreach (var item in items)
            {
                places.Add(item.Name, file.Name);
                total += item.Bytes;
                elements += item.Elements;
            }
        }

        if (layout.Index is null)
            return;
        var metadata = layout.Index.DeepClone().AsObject();
        metadata["total_size"] = total;
        if (metadata["total_parameters"] is not null)
            metadata["total_parameters"] = elements;
        AtomicFile.Write(Path.Combine(directory, WeightFormat.Safetensors.Index), new WeightIndex(metadata, places).Write);
    }

    private static SafetensorsItem Item(LaidTensor laid, Tensor? value, ScalarType? type) =>
        new(laid.Name, value is null || !value.is_floating_point() ? laid.Type : type ?? value.dtype, laid.Shape, value, laid.Buffer);

    private static void RequireSame(IReadOnlyDictionary<string, Tensor> tensors, WeightLayout layout)
    {
        var laid = layout.Files.SelectMany(file => file.Tensors).Where(tensor => tensor.Target is not null).ToList();
        var known = laid.Select(tensor => tensor.Target!).ToHashSet(StringComparer.Ordinal);
        string[] faults =
        [
            .. tensors.Keys.Where(name => !known.Contains(name)).Select(name => $"{name} has no place in the files"),
            .. laid.Where(tensor =>
                    !tensors.TryGetValue(tensor.Target!, out var value) || !value.shape.AsSpan().SequenceEqual(tensor.Shape)
                )
                .Select(tensor => $"{tensor.Target} of shape {Shown.Shape(tensor.Shape)} is not in the module"),
        ];
        if (faults.Length > 0)
            throw new ArgumentException(
                $"The module is not the one that the weights were loaded for: {string.Join("; ", faults)}.",
                nameof(tensors)
            );
    }
}
