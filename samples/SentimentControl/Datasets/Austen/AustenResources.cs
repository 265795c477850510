using System.Reflection;

namespace SentimentControl.Datasets.Austen;

/// <summary>The files of this dataset that lie in the assembly. Stateless, thread-safe.</summary>
internal static class AustenResources
{
    /// <summary>Opens a file by its path below Datasets/Austen.</summary>
    /// <param name="name">Such as "Checkpoint/vocab.json".</param>
    /// <returns>The stream, the caller's to dispose.</returns>
    /// <exception cref="FileNotFoundException">The assembly was built without the file.</exception>
    public static Stream Open(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream("Austen/" + name)
        ?? throw new FileNotFoundException($"The file \"{name}\" is not in the assembly; build it from a complete clone (samples/SentimentControl/Datasets/Austen/{name}).", name);
}
