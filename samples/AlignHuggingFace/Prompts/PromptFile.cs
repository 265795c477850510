using System.Globalization;
using VariationalBoN;

namespace AlignHuggingFace.Prompts;

/// <summary>The prompts of a file, each once, with what was left out.</summary>
/// <param name="Entries">The prompts in the order of the file.</param>
/// <param name="Notes">What the user should know of them, a sentence each.</param>
internal sealed record PromptFile(IReadOnlyList<(Prompt Prompt, string Place)> Entries, IReadOnlyList<string> Notes)
{
    private const char Replacement = '\uFFFD';

    /// <summary>The endings that are read.</summary>
    public const string Endings = ".txt (a prompt a line), .jsonl or .ndjson, .csv, .tsv, .parquet";

    /// <summary>Reads the prompts in the form that the ending of the file names.
    /// One that stands twice is taken once, empty ones are passed over; both are said.</summary>
    /// <param name="path">The file.</param>
    /// <param name="column">The column of the prompts; null for "prompt",
    /// or "messages" where there is no such column. Text files have none.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="InvalidDataException">The file is not what its ending says, or has no prompts;
    /// the message names the place.</exception>
    public static async Task<PromptFile> ReadAsync(string path, string? column, CancellationToken cancellationToken = default)
    {
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (ending == ".txt" && column is not null)
            throw new InvalidDataException(
                $"{path} is a text file, which has no columns; --prompt-column \"{column}\" is for .jsonl, .csv, .tsv and .parquet."
            );
        IEnumerable<PromptEntry> entries = ending switch
        {
            ".txt" => TextPrompts.Read(path),
            ".jsonl" or ".ndjson" => JsonLinesPrompts.Read(path, column),
            ".csv" => SeparatedPrompts.Read(path, column, ','),
            ".tsv" => SeparatedPrompts.Read(path, column, '\t'),
            ".parquet" => await ParquetPrompts.ReadAsync(path, column, cancellationToken),
            _ => throw new InvalidDataException(
                $"{path} ends with \"{ending}\"; prompts are read from {Endings}. Convert the file, or rename it if its content is one of "
                    + $"these."
            ),
        };
        return Of(path, entries);
    }

    private static PromptFile Of(string path, IEnumerable<PromptEntry> entries)
    {
        var prompts = new OrderedDictionary<Prompt, string>();
        int empty = 0,
            repeated = 0;
        foreach (var entry in entries)
        {
            if (entry.Prompt is null)
                empty++;
            else if (!prompts.TryAdd(entry.Prompt, entry.Place))
                repeated++;
        }

        if (prompts.Count == 0)
            throw new InvalidDataException(
                $"{path} has no "
                    + $"prompts{(empty > 0 ? string.Create(CultureInfo.InvariantCulture, $": all {empty} entries are empty") : "")}."
            );
        var replaced = prompts.Where(pair => pair.Key.Canonical.Contains(Replacement, StringComparison.Ordinal)).ToList();
        var notes = new List<string>();
        if (empty > 0)
            notes.Add(
                string.Create(CultureInfo.InvariantCulture, $"{path}: {empty} empty prompt{(empty == 1 ? " was" : "s were")} left out.")
            );
        if (repeated > 0)
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}: {repeated} prompt{(repeated == 1 ? "" : "s")} that stood there before {(repeated == 1 ? "was" : "were")} "
                        + $"left out; each is taken once."
                )
            );
        if (replaced.Count > 0)
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}: {replaced.Count} prompt{(replaced.Count == 1 ? " holds" : "s hold")} U+FFFD, which stands for what was not "
                        + $"UTF-8 when the file was made; the first is {replaced[0].Value}."
                )
            );
        return new PromptFile([.. prompts.Select(pair => (pair.Key, pair.Value))], notes);
    }
}
