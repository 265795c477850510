using System.Text.Json;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Reads byte-pair encoding out of <c>tokenizer.json</c>, or out of <c>vocab.json</c> and <c>merges.txt</c>.</summary>
internal static class BytePairReader
{
    /// <summary>What Python's <c>split()</c> takes for white space.</summary>
    private static readonly char[] s_space =
    [
        .. Enumerable.Range(0, 0x3001).Select(c => (char)c).Where(c => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F'),
    ];

    internal static BytePairModel Read(JsonSection section)
    {
        if (section.Raw("dropout") is JsonElement dropout && !(dropout.TryGetDoubleOrNull() == 0))
            throw section.Fault(
                "dropout",
                $"is {JsonSection.Value(dropout)}: tokens drawn at random are for training a tokenizer's model; set it to null"
            );
        var options = new BytePairOptions
        {
            Unknown = section.TextOrNull("unk_token"),
            FuseUnknown = section.FlagOrNull("fuse_unk") ?? false,
            ByteFallback = section.FlagOrNull("byte_fallback") ?? false,
            IgnoreMerges = section.FlagOrNull("ignore_merges") ?? false,
            ContinuingPrefix = section.TextOrNull("continuing_subword_prefix") ?? "",
            EndOfWordSuffix = section.TextOrNull("end_of_word_suffix") ?? "",
        };
        var vocabulary = TokenVocabulary.Read(section.Section("vocab"));
        var merges = new Dictionary<(int, int), (int, int)>();
        int rank = 0;
        foreach (var element in section.Elements("merges"))
        {
            string place = $"merges[{rank}]";
            string[] parts =
                element.ValueKind == JsonValueKind.Array
                    ? [.. element.EnumerateArray().Select(part => section.TextOf(place, part))]
                    : section.TextOf(place, element).Split(' ');
            Add(merges, vocabulary, options, parts, rank++, message => section.Fault(place, message));
        }

        return new BytePairModel(vocabulary, merges, options);
    }

    /// <param name="files">The files.</param>
    /// <param name="everyLine">
    /// Whether every line of <c>merges.txt</c> is a merge but a header that says so (Qwen2). Otherwise the first line is a header and
    /// what stands after the last line feed is left out,
    /// whatever they hold: transformers reads <c>split("\n")[1:-1]</c> for GPT-2 and RoBERTa.
    /// </param>
    /// <exception cref="InvalidDataException">One of the files is damaged or missing.</exception>
    internal static BytePairModel ReadFiles(TokenizerFiles files, bool everyLine)
    {
        var vocabulary = TokenVocabulary.Read(
            files.Json("vocab.json") ?? throw new InvalidDataException($"{files.Directory}: vocab.json is missing.")
        );
        var merges = new Dictionary<(int, int), (int, int)>();
        var options = new BytePairOptions();
        foreach (var (line, parts) in Merges(files, everyLine))
        {
            Add(
                merges,
                vocabulary,
                options,
                parts,
                line,
                message => new InvalidDataException($"{files.PathOf("merges.txt")}: line {line} {message}."),
                keepFirst: true
            );
        }

        return new BytePairModel(vocabulary, merges, options);
    }

    /// <summary>The lines of <c>merges.txt</c> that count, by number from 1, cut at white space.</summary>
    /// <param name="files">The files.</param>
    /// <param name="everyLine">As for <see cref="ReadFiles"/>.</param>
    /// <exception cref="InvalidDataException">The file is missing or not UTF-8.</exception>
    internal static IEnumerable<(int Line, string[] Parts)> Merges(TokenizerFiles files, bool everyLine)
    {
        string[] lines = (files.Text("merges.txt") ?? throw new InvalidDataException($"{files.Directory}: merges.txt is missing.")).Split(
            '\n'
        );
        int first = !everyLine || lines[0].TrimStart().StartsWith("#version:", StringComparison.Ordinal) ? 1 : 0;
        for (int i = first; i < (everyLine ? lines.Length : lines.Length - 1); i++)
        {
            string[] parts = lines[i].Split(s_space, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 0)
                yield return (i + 1, parts);
        }
    }

    private static void Add(
        Dictionary<(int, int), (int, int)> merges,
        TokenVocabulary vocabulary,
        BytePairOptions options,
        string[] parts,
        int rank,
        Func<string, InvalidDataException> fault,
        bool keepFirst = false
    )
    {
        if (parts.Length != 2)
            throw fault($"has {parts.Length} parts; a merge has 2");
        int Id(string token) =>
            vocabulary.TryGetId(token, out int id) ? id : throw fault($"needs the token \"{token}\", which the vocabulary does not hold");
        string right = parts[1].StartsWith(options.ContinuingPrefix, StringComparison.Ordinal)
            ? parts[1][options.ContinuingPrefix.Length..]
            : throw fault($"joins \"{parts[1]}\", which does not begin with continuing_subword_prefix");
        var pair = (Id(parts[0]), Id(parts[1]));
        int joined = Id(parts[0] + right);
        if (!keepFirst || !merges.ContainsKey(pair))
            // of a merge that stands twice in tokenizer.json the second counts, in merges.txt the first, as in Python
            merges[pair] = (rank, joined);
    }

    private static double? TryGetDoubleOrNull(this JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;
}
