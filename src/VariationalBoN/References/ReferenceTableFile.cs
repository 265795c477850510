using System.Collections.Immutable;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>The file format of a reference table: JSON Lines, one prompt a line, columns of samples. Stateless, thread-safe.</summary>
/// <remarks>
/// A superset of the authors' row per prompt (prompt, rewards, responses), so that their tools read our files. Each line repeats the
/// provenance and counts down the lines that follow, so that files of one reference can be joined by concatenation, and a cut is seen.
/// </remarks>
internal static class ReferenceTableFile
{
    public static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false };

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Blanks => " \t\r"u8;

    public static void Write(Stream stream, ReferenceTable table, ReferenceTableFormat format = ReferenceTableFormat.Whole)
    {
        for (int i = 0; i < table.Prompts.Length; i++)
        {
            ReferencePrompt prompt = table.Prompts[i];
            RequireWholeTexts(prompt);
            if (format == ReferenceTableFormat.Whole)
            {
                stream.Write(RecordSeal.Close(ReferenceTableRow.Whole(prompt, table.Prompts.Length - 1 - i, table.Provenance).ToJson()));
                continue;
            }

            foreach (byte[] row in TheirRows(prompt, format))
            {
                stream.Write(row);
                stream.WriteByte((byte)'\n');
            }
        }
    }

    public static ReferenceTable Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(InputFile.OpenOrEmpty(path), path);
    }

    /// <summary>Reads a table from a stream, which is disposed of; the path is for messages.</summary>
    internal static ReferenceTable Read(Stream stream, string path)
    {
        var rows = new ReferenceTableRows();
        using var lines = new LineReader(stream);
        while (Next(lines, path))
        {
            ReadOnlyMemory<byte> line =
                lines.Offset == 0 && lines.Json.Span.StartsWith(ByteOrderMark) ? lines.Json[ByteOrderMark.Length..] : lines.Json;
            if (line.Span.Trim(Blanks).IsEmpty)
                continue;
            try
            {
                using var row = JsonDocument.Parse(line, Reading);
                rows.Add(row.RootElement, RecordSeal.IsIntact(line.Span.TrimEnd(Blanks)));
            }
            catch (JsonException e)
            {
                string why = line.Span.TrimEnd(Blanks).EndsWith("}"u8)
                    ? $"it is not valid JSON ({e.Message}); NaN and Infinity are no JSON numbers, and no name may stand twice."
                    : "it is not one whole JSON object: the file may have been cut while it was written or copied.";
                throw Refusal(path, lines, why, e);
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
            {
                throw Refusal(path, lines, e.Message, e);
            }
        }

        try
        {
            return rows.ToTable();
        }
        catch (FormatException e)
        {
            throw Refusal(path, lines, e.Message, e);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(
                $"{path}: {(lines.Number == 1 ? "the file is empty." : e.Message)} A reference table has one line for each prompt.",
                e
            );
        }
    }

    /// <summary>Half of a surrogate pair cannot be written and would come back as another character.</summary>
    private static void RequireWholeTexts(ReferencePrompt prompt)
    {
        foreach (string text in prompt.Responses)
        {
            if (Surrogates.FirstHalf(text) is >= 0 and var at)
                throw new InvalidOperationException(
                    $"A text of the prompt {Shown.Quoted(prompt.Prompt.Canonical)} has half of a surrogate pair at index {at}, which no "
                        + $"file can keep. Cut texts between characters."
                );
        }
    }

    private static bool Next(LineReader lines, string path)
    {
        try
        {
            return lines.Next();
        }
        catch (InvalidDataException e)
        {
            throw Refusal(path, lines, e.Message, e);
        }
    }

    private static InvalidDataException Refusal(string path, LineReader lines, string why, Exception inner) =>
        new(
            $"{path}, line {lines.Number} (byte {lines.Offset}): {why} Take the file from its source again, or estimate the table anew.",
            inner
        );

    /// <summary>The rows of a prompt in a format of the authors.</summary>
    private static IEnumerable<byte[]> TheirRows(ReferencePrompt prompt, ReferenceTableFormat format)
    {
        if (format == ReferenceTableFormat.RowPerPrompt)
            return [ReferenceTableRow.OfRewards(prompt).ToJson()];
        string text = prompt.Prompt.Text;
        ImmutableArray<double> rewards = prompt.Rewards;
        ImmutableArray<string> responses = prompt.Responses;
        if (responses.IsEmpty)
        {
            throw new InvalidOperationException(
                $"The texts of the prompt {Shown.Quoted(text)} are not known, and a row for each sample has one; save a row for each "
                    + $"prompt."
            );
        }

        return rewards.Select((reward, i) => ReferenceTableRow.OfSample(text, responses[i], reward));
    }
}
