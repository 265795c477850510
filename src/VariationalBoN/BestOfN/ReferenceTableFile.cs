using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VariationalBoN.BestOfN;

/// <summary>The file format of a reference table: JSON Lines, one prompt a line, columns of samples. Stateless, thread-safe.</summary>
/// <remarks>
/// A superset of the authors' row per prompt (prompt, rewards, responses), so that their tools read our files. Each line repeats the
/// provenance, so that files of one reference can be joined by concatenation.
/// </remarks>
internal static class ReferenceTableFile
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions s_reading = new() { AllowDuplicateProperties = false };
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Stream stream, ReferenceTable table)
    {
        using var writer = new Utf8JsonWriter(stream, s_writing);
        foreach (ReferencePrompt prompt in table.Prompts)
        {
            WriteLine(writer, prompt, table.Provenance);
            writer.Flush();
            writer.Reset();
            stream.WriteByte((byte)'\n');
        }
    }

    public static ReferenceTable Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var rows = new ReferenceTableRows();
        int number = 0;
        using IEnumerator<string> lines = File.ReadLines(path, s_strict).GetEnumerator();
        while (Next(lines, path, number))
        {
            number++;
            if (string.IsNullOrWhiteSpace(lines.Current))
                continue;
            try
            {
                using JsonDocument row = JsonDocument.Parse(lines.Current, s_reading);
                rows.Add(row.RootElement);
            }
            catch (JsonException e)
            {
                string why = lines.Current.TrimEnd().EndsWith('}')
                    ? $"it is not valid JSON ({e.Message}); NaN and Infinity are no JSON numbers, and no name may stand twice."
                    : "it is not one whole JSON object: the file may have been cut while it was written or copied.";
                throw Refusal(path, number, why, e);
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
            {
                throw Refusal(path, number, e.Message, e);
            }
        }

        try
        {
            return rows.ToTable();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {(number == 0 ? "the file is empty." : e.Message)} A reference table has one line for each prompt.", e);
        }
    }

    private static bool Next(IEnumerator<string> lines, string path, int number)
    {
        try
        {
            return lines.MoveNext();
        }
        catch (DecoderFallbackException e)
        {
            throw Refusal(path, number + 1, "there, or soon after, the file is not UTF-8 text.", e);
        }
    }

    private static InvalidDataException Refusal(string path, int number, string why, Exception inner) =>
        new($"{path}, line {number}: {why} Take the file from its source again, or estimate the table anew.", inner);

    private static void WriteLine(Utf8JsonWriter writer, ReferencePrompt prompt, ReferenceProvenance? provenance)
    {
        writer.WriteStartObject();
        writer.WriteString("prompt", prompt.Prompt);
        if (provenance is not null)
        {
            writer.WriteStartObject("provenance");
            writer.WriteString("reference", provenance.Reference);
            writer.WriteString("rewardModel", provenance.RewardModel);
            writer.WriteString("scoring", provenance.Scoring);
            writer.WriteNumber("seed", provenance.Seed);
            if (!provenance.MoreSeeds.IsEmpty)
                WriteArray(writer, "moreSeeds", provenance.MoreSeeds, writer.WriteNumberValue);
            writer.WriteEndObject();
        }

        WriteArray(writer, "rewards", prompt.Rewards, writer.WriteNumberValue);
        if (!prompt.Responses.IsEmpty)
            WriteArray(writer, "responses", prompt.Responses, writer.WriteStringValue);
        if (!prompt.Samples.IsEmpty)
        {
            writer.WriteNumber("excluded", prompt.Excluded);
            WriteArray(writer, "promptTokens", prompt.Samples[0].Completion.PromptTokens, writer.WriteNumberValue);
            WriteArray(writer, "logReference", prompt.Samples.Select(sample => sample.LogReference), writer.WriteNumberValue);
            WriteArray(writer, "finishReasons", prompt.Samples.Select(sample => sample.Completion.FinishReason.ToString()), writer.WriteStringValue);
            WriteArray(writer, "tokens", prompt.Samples.Select(sample => sample.Completion.Tokens), tokens =>
            {
                writer.WriteStartArray();
                foreach (int token in tokens)
                    writer.WriteNumberValue(token);
                writer.WriteEndArray();
            });
        }

        writer.WriteEndObject();
    }

    private static void WriteArray<T>(Utf8JsonWriter writer, string name, IEnumerable<T> values, Action<T> write)
    {
        writer.WriteStartArray(name);
        foreach (T value in values)
            write(value);
        writer.WriteEndArray();
    }
}
