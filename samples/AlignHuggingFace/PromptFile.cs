using VariationalBoN;

namespace AlignHuggingFace;

/// <summary>The prompts of a file, a line each: four fifths to train on, every fifth held out. Stateless.</summary>
internal static class PromptFile
{
    private const int HeldOutEvery = 5, Fewest = 2;

    /// <summary>Reads the prompts; a prompt that stands twice is taken once, empty lines are passed over.</summary>
    /// <exception cref="InvalidDataException">There are too few prompts to hold one out.</exception>
    public static (Prompt[] Train, Prompt[] HeldOut) Read(string path)
    {
        Prompt[] prompts = [.. Prompt.FromTexts(File.ReadLines(path).Where(line => !string.IsNullOrWhiteSpace(line))).Distinct()];
        if (prompts.Length < Fewest)
            throw new InvalidDataException($"{path} has {prompts.Length} prompt{(prompts.Length == 1 ? "" : "s")}; at least {Fewest} are needed, one to train on and one held out.");
        var parts = prompts.Index().ToLookup(entry => (prompts.Length - 1 - entry.Index) % HeldOutEvery == 0, entry => entry.Item);
        return ([.. parts[false]], [.. parts[true]]);
    }
}
