using System.Globalization;
using VariationalBoN;
using VariationalBoN.Training;

namespace AlignHuggingFace.Prompts;

/// <summary>What each prompt is for.</summary>
/// <param name="Train">Those to train on, of which <see cref="PromptOrder"/> takes some for each step.</param>
/// <param name="Used">Those of <paramref name="Train"/> that a step takes: the others need no reference samples.</param>
/// <param name="HeldOut">Those that are measured.</param>
internal sealed record PromptSplit(Prompt[] Train, Prompt[] Used, Prompt[] HeldOut)
{
    private const int HeldOutEvery = 5,
        MostHeldOut = 100;

    /// <summary>How many there are of each, in a line.</summary>
    /// <param name="steps">Steps of training.</param>
    public string Description(int steps) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Train.Length} prompts to train on{(Used.Length < Train.Length ? $", of which {steps} steps take {Used.Length}" : "")}; "
                + $"{HeldOut.Length} held out"
        );

    /// <summary>Holds out prompts at equal distances, and sees which of the others the steps take.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">Its prompts.</param>
    /// <param name="heldOut">How many are held out; null for a fifth, at most 100.</param>
    /// <param name="steps">Steps of training.</param>
    /// <param name="promptsPerStep">Prompts of a step; all where there are fewer.</param>
    /// <param name="seed">Of the order of prompts.</param>
    /// <exception cref="InvalidDataException">There are too few prompts.</exception>
    public static PromptSplit Of(string path, PromptFile file, int? heldOut, int steps, int promptsPerStep, long seed)
    {
        Prompt[] prompts = [.. file.Entries.Select(entry => entry.Prompt)];
        if (prompts.Length < 2)
            throw new InvalidDataException($"{path} has 1 prompt; at least 2 are needed, one to train on and one held out.");
        int held = heldOut ?? Math.Clamp(prompts.Length / HeldOutEvery, 1, MostHeldOut);
        if (held >= prompts.Length)
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--held-out is {held} and {path} has {prompts.Length} prompts, so that none is left to train on. Hold out fewer."
                )
            );
        var parts = prompts
            .Index()
            .ToLookup(
                entry => (long)(entry.Index + 1) * held / prompts.Length > (long)entry.Index * held / prompts.Length,
                entry => entry.Item
            );
        Prompt[] train = [.. parts[false]];
        var order = new PromptOrder(train, seed);
        int count = Math.Min(promptsPerStep, train.Length);
        HashSet<Prompt> taken = [];
        for (int step = 0; step < steps && taken.Count < train.Length; step++)
            taken.UnionWith(order.Batch(step, count));
        return new PromptSplit(train, [.. train.Where(taken.Contains)], [.. parts[true]]);
    }
}
