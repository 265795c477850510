using System.Text.Json;
using Parquet;
using Parquet.Meta.Proto;
using Parquet.Schema;
using Parquet.Serialization;

namespace AlignHuggingFace.Prompts;

/// <summary>A Parquet file. Stateless.</summary>
internal static class ParquetPrompts
{
    /// <summary>The prompts of a column: strings, or lists of messages, which are conversations.</summary>
    public static async Task<List<PromptEntry>> ReadAsync(string path, string? wanted, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(path);
            await using var reader = await ParquetReader.CreateAsync(stream, cancellationToken: cancellationToken);
            string column = PromptColumn.Choose(path, reader.Schema.Fields.Select(field => field.Name), wanted);
            var field = reader.Schema.Fields.First(field => field.Name == column);
            var entries = new List<PromptEntry>();
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using var rows = reader.OpenRowGroupReader(group);
                foreach (
                    string? value in field switch
                    {
                        DataField { IsArray: false } data when data.ClrType == typeof(ReadOnlyMemory<char>) => await TextsAsync(
                            rows,
                            data,
                            cancellationToken
                        ),
                        ListField => await ListsAsync(stream, group, column, cancellationToken),
                        _ => throw new InvalidDataException(
                            $"{path}: the column \"{column}\" holds neither strings nor lists of messages ({field}). Name another with "
                                + $"--prompt-column, or convert it."
                        ),
                    }
                )
                {
                    string place = FormattableString.Invariant($"row {entries.Count + 1}"),
                        where = $"{path}, {place}";
                    entries.Add(
                        new PromptEntry(
                            field is ListField && value is not null
                                ? PromptColumn.ToConversation(where, column, value)
                                : PromptColumn.ToPrompt(where, column, value),
                            place
                        )
                    );
                }
            }

            return entries;
        }
        catch (Exception e)
            when (e is ParquetException or ThriftProtocolException || (e is IOException && e.GetType() == typeof(IOException)))
        {
            throw new InvalidDataException(
                $"{path} is damaged or not a Parquet file: {e.Message.TrimEnd('.')}. Write it again, or give the prompts as JSON Lines "
                    + $"(.jsonl).",
                e
            );
        }
    }

    private static async Task<string?[]> TextsAsync(ParquetRowGroupReader rows, DataField field, CancellationToken cancellationToken)
    {
        string?[] values = new string?[rows.RowCount];
        await rows.ReadAsync(field, values.AsMemory(), null, cancellationToken);
        return values;
    }

    /// <summary>The lists as JSON.</summary>
    private static async Task<IEnumerable<string?>> ListsAsync(Stream stream, int group, string column, CancellationToken cancellationToken)
    {
        var rows = await ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: group, cancellationToken: cancellationToken);
        return rows.Data.Select(row =>
            row.TryGetValue(column, out object? value) && value is not null ? JsonSerializer.Serialize(value) : null
        );
    }
}
