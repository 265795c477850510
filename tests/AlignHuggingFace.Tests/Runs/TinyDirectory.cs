namespace AlignHuggingFace.Tests.Runs;

/// <summary>Tiny models and prompts on disk, and a folder for what is made of them.</summary>
public sealed class TinyDirectory : IDisposable
{
    public TinyDirectory() => TinyModels.Write(Folder, train: false);

    public string Folder { get; } = Directory.CreateTempSubdirectory("tiny").FullName;

    public string Policy => Path.Combine(Folder, TinyModels.Policy);

    public string Reward => Path.Combine(Folder, TinyModels.Reward);

    public string Prompts => Path.Combine(Folder, TinyModels.Prompts);

    /// <summary>A fresh path in the folder.</summary>
    public string New(string ending = "") => Path.Combine(Folder, $"{Guid.NewGuid():N}{ending}");

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
