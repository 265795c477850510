using System.Globalization;
using System.Text;
using VariationalBoN;
using VariationalBoN.Transformers.ChatTemplates;

namespace AlignHuggingFace.Prompts;

/// <summary>Holds prompts against the context of the model before anything is drawn. Stateless.</summary>
internal static class PromptLengths
{
    /// <summary>The prompts that fit, and cut ones where that is asked for.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">Its prompts.</param>
    /// <param name="tokens">How many tokens a prompt has.</param>
    /// <param name="most">The most that leave room for a completion.</param>
    /// <param name="what">What becomes of longer ones.</param>
    /// <exception cref="InvalidDataException">A prompt is too long, or has no tokens; or none is left.</exception>
    public static PromptFile Fit(string path, PromptFile file, Func<Prompt, int> tokens, int most, LongPrompts what)
    {
        if (most < 1)
            throw new InvalidDataException(
                $"--max-new-tokens leaves no room for a prompt in the model's context. Lower it by at least {1 - most}."
            );
        var kept = new OrderedDictionary<Prompt, string>();
        var tooLong = new List<(Prompt Prompt, string Place, int Tokens)>();
        foreach ((Prompt prompt, string place) in file.Entries)
        {
            int count = TokensOf(path, place, prompt, tokens);
            if (count == 0)
                throw new InvalidDataException(
                    $"{path}, {place}: the tokenizer makes no token of this prompt, and a causal model needs at least one. Leave it out."
                );
            if (count > most)
                tooLong.Add((prompt, place, count));
            if (count <= most)
                kept.TryAdd(prompt, place);
            else if (what == LongPrompts.Truncate)
                kept.TryAdd(Cut(path, place, prompt, tokens, most), place);
        }

        if (tooLong.Count == 0)
            return file;
        (_, string first, int length) = tooLong[0];
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"{path}, {first}: the prompt has {length} tokens; beside --max-new-tokens the model's context has room for {most}"
        );
        if (what == LongPrompts.Refuse)
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{found}. {Count(tooLong.Count)} of {file.Entries.Count} {(tooLong.Count == 1 ? "is" : "are")} too long. Lower "
                        + $"--max-new-tokens, or give --long-prompts skip or truncate."
                )
            );
        if (kept.Count == 0)
            throw new InvalidDataException(
                $"{found}, and no shorter prompt is left. Lower --max-new-tokens, or give --long-prompts truncate."
            );
        string done = what == LongPrompts.Skip ? "left out" : "cut at the beginning";
        string note = string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {Count(tooLong.Count)} of more than {most} tokens {(tooLong.Count == 1 ? "was" : "were")} {done}; the first is "
                + $"{first} with {length}."
        );
        return new PromptFile([.. kept.Select(pair => (pair.Key, pair.Value))], [.. file.Notes, note]);
    }

    /// <exception cref="InvalidDataException">The model reads no such prompt; place and reason are named.</exception>
    private static int TokensOf(string path, string place, Prompt prompt, Func<Prompt, int> tokens)
    {
        try
        {
            return tokens(prompt);
        }
        catch (Exception e) when (e is ChatTemplateException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}, {place}: {e.Message}", e);
        }
    }

    /// <summary>The longest end of a text that fits, begun at a word where there is one.</summary>
    private static Prompt Cut(string path, string place, Prompt prompt, Func<Prompt, int> tokens, int most)
    {
        if (prompt.IsConversation)
            throw new InvalidDataException(
                $"{path}, {place}: a conversation cannot be cut. Give --long-prompts skip, or shorten its messages."
            );
        int[] starts = Starts(prompt.Text);
        int low = 1,
            high = starts.Length; // starts[high..] fit, or are beyond the text
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Fits(middle) ? (low, middle) : (middle + 1, high);
        }

        while (high < starts.Length && !Fits(high)) // the number of tokens need not fall with each character
            high++;
        if (high == starts.Length)
            throw new InvalidDataException(
                $"{path}, {place}: not even the last character of this prompt fits the model's context beside --max-new-tokens. Lower "
                    + $"that, or give --long-prompts skip."
            );
        int word = Array.FindIndex(
            starts,
            high,
            start => char.IsWhiteSpace(prompt.Text[start - 1]) && !char.IsWhiteSpace(prompt.Text[start])
        );
        return new Prompt(prompt.Text[starts[word >= 0 && Fits(word) ? word : high]..]);

        bool Fits(int index) => tokens(new Prompt(prompt.Text[starts[index]..])) is int count && count > 0 && count <= most;
    }

    /// <summary>Where the characters of a text begin.</summary>
    private static int[] Starts(string text)
    {
        var starts = new List<int>();
        int start = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            starts.Add(start);
            start += rune.Utf16SequenceLength;
        }

        return [.. starts];
    }

    private static string Count(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} prompt{(count == 1 ? "" : "s")}");
}
