using VariationalBoN;

namespace AlignHuggingFace.Prompts;

/// <summary>Which column of a file holds the prompts, and how a value of it becomes one. Stateless.</summary>
internal static class PromptColumn
{
    /// <summary>The columns that are looked for when none is named, in this order.</summary>
    private static readonly string[] Usual = ["prompt", Messages];

    /// <summary>A column of this name holds conversations, as JSON where the file has texts alone.</summary>
    private const string Messages = "messages";

    /// <summary>The column to read.</summary>
    /// <param name="place">File and line, for the message.</param>
    /// <param name="columns">The columns that are there.</param>
    /// <param name="wanted">The column that was asked for; null for a usual one.</param>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public static string Choose(string place, IEnumerable<string> columns, string? wanted)
    {
        string[] there = [.. columns];
        return (wanted is null ? Usual : [wanted]).FirstOrDefault(there.Contains)
            ?? throw new InvalidDataException(
                $"{place}: there is no column {(wanted is null ? string.Join(" or ", Usual.Select(Quoted)) : Quoted(wanted))}; "
                    + (there.Length == 0 ? "it has no columns" : $"the columns are {string.Join(", ", there.Select(Quoted))}")
                    + ". Name the column of the prompts with --prompt-column."
            );
    }

    /// <summary>The prompt that a text stands for: a conversation in a column of that name,
    /// the text itself otherwise; null for blanks.</summary>
    /// <exception cref="InvalidDataException">The messages are not what they should be.</exception>
    public static Prompt? ToPrompt(string place, string column, string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        return column == Messages ? ToConversation(place, column, text) : Checked(place, column, () => new Prompt(text));
    }

    /// <summary>The conversation that a JSON array of messages stands for.</summary>
    /// <exception cref="InvalidDataException">The messages are not what they should be.</exception>
    public static Prompt ToConversation(string place, string column, string json) =>
        Checked(place, column, () => Prompt.Conversation(json));

    private static Prompt Checked(string place, string column, Func<Prompt> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{place}, column \"{column}\": {e.Message}", e);
        }
    }

    private static string Quoted(string name) => $"\"{name}\"";
}
