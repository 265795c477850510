namespace SentimentControl.Datasets.Austen;

/// <summary>The files of this dataset, which the build copies beside the program. Stateless, thread-safe.</summary>
internal static class AustenFiles
{
    /// <summary>The folder of the language model: config.json, model.safetensors, vocab.json, merges.txt.</summary>
    public static string Checkpoint => Find("Checkpoint");

    /// <summary>The text of one novel, compressed with Brotli.</summary>
    /// <param name="name">One of <see cref="AustenNovels.Names"/>.</param>
    public static string Novel(string name) => Find(Path.Combine("Text", name + ".txt.br"));

    private static string Find(string name)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Datasets", "Austen", name);
        return Path.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build the sample from a complete clone.", path);
    }
}
