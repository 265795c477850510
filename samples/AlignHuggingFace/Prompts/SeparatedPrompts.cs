using System.Globalization;
using System.Text;
using nietras.SeparatedValues;

namespace AlignHuggingFace.Prompts;

/// <summary>Values separated by commas or tabs, quoted as RFC 4180 says,
/// with the names of the columns in the first line. Stateless.</summary>
internal static class SeparatedPrompts
{
    /// <summary>The prompts of a column.</summary>
    public static IEnumerable<PromptEntry> Read(string path, string? wanted, char separator)
    {
        string text = Encoding.UTF8.GetString(Utf8File.Read(path).Span);
        if (text.Length == 0)
            yield break;
        // The header is read as a row: names that stand twice, and rows of another width, get messages of this program.
        using var reader = Sep.New(separator)
            .Reader(options => options with { HasHeader = false, Unescape = true, DisableColCountCheck = true })
            .FromText(text);
        (string Name, int Index, int Count)? column = null;
        while (reader.MoveNext())
        {
            var row = reader.Current;
            string place = FormattableString.Invariant($"line {(row.RowIndex == 0 ? 1 : row.LineNumberFrom)}"),
                where = $"{path}, {place}";
            if (row.Span.Count('"') % 2 != 0)
                throw new InvalidDataException(
                    $"{where}: a quote is opened and not closed. Close it, and write a quote inside of a value twice."
                );
            if (column is not var (name, index, count))
            {
                string[] names = Values(row);
                name = PromptColumn.Choose(where, names, wanted);
                if (names.Count(other => other == name) > 1)
                    throw new InvalidDataException($"{where}: the column \"{name}\" stands twice. Rename one of the two.");
                column = (name, Array.IndexOf(names, name), names.Length);
            }
            else if (row.Span.IsWhiteSpace())
            {
                yield return new PromptEntry(null, place);
            }
            else if (row.ColCount != count)
            {
                throw new InvalidDataException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{where}: {row.ColCount} values in this row and {count} columns in the first line. Quote values that hold a "
                            + $"separator."
                    )
                );
            }
            else
            {
                yield return new PromptEntry(PromptColumn.ToPrompt(where, name, row[index].ToString()), place);
            }
        }
    }

    private static string[] Values(SepReader.Row row)
    {
        string[] values = new string[row.ColCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = row[i].ToString();
        return values;
    }
}
