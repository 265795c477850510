using System.Text;
using System.Text.Json.Nodes;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Testing.Models;

/// <summary>Files of a directory in Hugging Face's layout. Stateless.</summary>
internal static class TinyFiles
{
    /// <summary>Makes the directory, or sees that it may be written to: it is empty or holds a model.</summary>
    /// <exception cref="IOException">It holds something else.</exception>
    public static void Prepare(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        Directory.CreateDirectory(directory);
        if (Directory.EnumerateFileSystemEntries(directory).Any() && !File.Exists(Path.Combine(directory, "config.json")))
            throw new IOException($"{Path.GetFullPath(directory)} is not empty and holds no model. Give a new directory.");
    }

    public static void WriteJson(string directory, string name, JsonObject content) =>
        File.WriteAllText(Path.Combine(directory, name), content.ToJsonString(), new UTF8Encoding(false));

    public static void WriteWeights(string directory, IReadOnlyDictionary<string, Tensor> weights) =>
        Safetensors.Save(Path.Combine(directory, "model.safetensors"), weights, new Dictionary<string, string> { ["format"] = "pt" });
}
