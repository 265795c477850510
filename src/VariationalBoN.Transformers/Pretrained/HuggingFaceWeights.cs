using VariationalBoN.Transformers.Pickles;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>Reads the weights of a Hugging Face directory into a module.</summary>
internal static class HuggingFaceWeights
{
    /// <summary>Opens the weights of a directory: safetensors, or where there are none <c>torch.save</c>'s.</summary>
    internal static WeightDirectory Open(string directory) => new(directory, WeightFormat.Safetensors, PytorchArchive.Format);

    /// <summary>Fills every tensor of the module from the files of a directory; the module is unchanged when they do not fit.</summary>
    /// <param name="directory">A directory with weights in any of the forms that <see cref="Open"/> knows.</param>
    /// <param name="module">The module, on any device; values are converted to its element types.</param>
    /// <param name="names">The names of its family.</param>
    /// <param name="map">Whether tensors are laid over the pages of the files where that can be: <see cref="MappedWeights"/>.</param>
    /// <returns>How the files lie, for saving the same way.</returns>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or tensors are missing, left over or of another shape; the message names the file and all of them.
    /// </exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    internal static WeightLayout Load(string directory, nn.Module module, WeightNames names, bool map = false)
    {
        using var weights = Open(directory);
        return Load(weights, module, names, map);
    }

    /// <summary>Loads the weights of a module from files that are open.</summary>
    internal static WeightLayout Load(WeightDirectory weights, nn.Module module, WeightNames names, bool map)
    {
        (var reads, var files) = WeightMatch.Match(weights.Files, module.state_dict(), names);
        WeightReader.Fill(map ? MappedWeights.Map(module, reads) : reads);
        return new WeightLayout(files, weights.Shards?.Metadata);
    }
}
