namespace VariationalBoN.Weights;

/// <summary>One way in which weights lie in files: the names that it gives them, and how the beginning of a file is read.</summary>
/// <param name="Single">The name of a file that holds all weights.</param>
/// <param name="Index">The name of the index of weights in several files.</param>
/// <param name="Extension">How the name of each file ends.</param>
/// <param name="Read">Finds the tensors of a file and what it says beside them;
/// throws <see cref="InvalidDataException"/> with the byte when it is damaged.</param>
internal sealed record WeightFormat(
    string Single,
    string Index,
    string Extension,
    Func<Stream, (IReadOnlyList<WeightEntry> Entries, IReadOnlyDictionary<string, string> Metadata)> Read
)
{
    /// <summary>The format that this library writes.</summary>
    public static WeightFormat Safetensors { get; } =
        new(
            "model.safetensors",
            "model.safetensors.index.json",
            ".safetensors",
            stream =>
            {
                var header = SafetensorsHeader.Read(stream);
                return (header.Entries, header.Metadata);
            }
        );
}
