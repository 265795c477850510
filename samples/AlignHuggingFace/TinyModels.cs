using VariationalBoN.Testing.Models;

namespace AlignHuggingFace;

/// <summary>A tiny GPT-2 that writes sentences about films, a tiny classifier of praise, and prompts:
/// to see that everything works. Stateless.</summary>
internal static class TinyModels
{
    public const string Policy = "policy",
        Reward = "reward",
        Prompts = "prompts.txt",
        Label = TinyClassifier.Label;

    /// <summary>Trains the two within seconds and writes the three to a directory, if its prompts are not there yet.</summary>
    /// <param name="directory">Path of the directory.</param>
    /// <param name="train">Whether they are trained; random ones take no time.</param>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static void Write(string directory, bool train = true)
    {
        if (File.Exists(Path.Combine(directory, Prompts)))
            return;
        Directory.CreateDirectory(directory);
        if (train)
        {
            TinyLanguageModel.Write(Path.Combine(directory, Policy));
            TinyClassifier.Write(Path.Combine(directory, Reward));
        }
        else
        {
            TinyLanguageModel.Write(Path.Combine(directory, Policy), steps: 0);
            TinyClassifier.Write(Path.Combine(directory, Reward), steps: 0);
        }

        File.WriteAllLines(Path.Combine(directory, Prompts), TinyText.Prompts); // the last: it says that all are there
    }
}
