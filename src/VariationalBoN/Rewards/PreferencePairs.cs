using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>Preference pairs from files, and their split into those to train on and those held out. Stateless, thread-safe.</summary>
public static class PreferencePairs
{
    /// <summary>The pairs of a file of JSON Lines, one object a line: <c>prompt</c>, <c>chosen</c>, <c>rejected</c>.</summary>
    /// <remarks>
    /// <c>prompt</c> is a text or a list of messages (also under <c>messages</c>). <c>chosen</c> and <c>rejected</c> are texts, or lists of
    /// messages that end with the assistant's answer;
    /// messages before that are the prompt, which may then be left out. Where they are not the same in both lists, or not what
    /// <c>prompt</c> says,
    /// <see cref="PreferencePair.OtherPrompt"/> is set, for <c>PreferenceDataReport</c> to find. A prompt that is a text agrees with a
    /// conversation whose last message of the user it
    /// is. <c>margin</c> (at least 0) and <c>chosen_first</c> (true or false) may be there; other names are passed over.
    /// </remarks>
    /// <param name="path">The file, in UTF-8; blank lines are passed over.</param>
    /// <returns>The pairs in order, at least one.</returns>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="InvalidDataException">A line holds no pair, or there is none; file and line are named.</exception>
    public static PreferencePair[] ReadJsonLines(string path) => JsonLines.Read(path, "pair", PreferenceJson.Read);

    /// <summary>Writes pairs as <see cref="ReadJsonLines"/> reads them; the file appears whole or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="pairs">The pairs; their prompts must be those of both answers.</param>
    /// <exception cref="ArgumentException">A pair has an <see cref="PreferencePair.OtherPrompt"/>,
    /// which the file could not keep.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteJsonLines(string path, IEnumerable<PreferencePair> pairs)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(pairs);
        PreferencePair[] all = [.. pairs];
        int mismatched = Array.FindIndex(all, pair => pair.OtherPrompt is not null);
        if (mismatched >= 0)
            throw new ArgumentException(
                $"The answers of pair {mismatched} are to different prompts, which the file could not keep; " + "leave the pair out.",
                nameof(pairs)
            );
        AtomicFile.Write(
            path,
            stream =>
            {
                foreach (PreferencePair pair in all)
                    PreferenceJson.Write(stream, pair);
            }
        );
    }

    /// <summary>Holds out the pairs of a share of the prompts, so that no prompt is on both sides.</summary>
    /// <remarks>Which side a prompt is on depends on the prompt and the seed alone:
    /// more data of the same kind moves no prompt to the other side.</remarks>
    /// <param name="pairs">The pairs.</param>
    /// <param name="heldOutShare">The probability with which a prompt is held out, above 0 and below 1.</param>
    /// <param name="seed">Fixes the sides.</param>
    /// <returns>Both sides in the order of <paramref name="pairs"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heldOutShare"/> is out of range or NaN.</exception>
    /// <exception cref="ArgumentException">A side is empty: there are too few prompts.</exception>
    public static (PreferencePair[] Train, PreferencePair[] HeldOut) Split(
        IEnumerable<PreferencePair> pairs,
        double heldOutShare,
        long seed
    )
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (!(heldOutShare > 0 && heldOutShare < 1))
            throw new ArgumentOutOfRangeException(
                nameof(heldOutShare),
                heldOutShare,
                "The share that is held out must be above 0 and " + "below 1, such as 0.1."
            );
        var sides = pairs.ToLookup(pair =>
            new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), pair.Prompt, 0).Uniform(0) < heldOutShare
        );
        PreferencePair[] train = [.. sides[false]],
            heldOut = [.. sides[true]];
        return train.Length > 0 && heldOut.Length > 0
            ? (train, heldOut)
            : throw new ArgumentException(
                $"{(train.Length > 0 ? "No prompt was held out" : "Every prompt was held out")} of "
                    + $"{train.Select(pair => pair.Prompt).Concat(heldOut.Select(pair => pair.Prompt)).Distinct().Count()}; give more "
                    + $"prompts, or another share than {heldOutShare}.",
                nameof(pairs)
            );
    }
}
