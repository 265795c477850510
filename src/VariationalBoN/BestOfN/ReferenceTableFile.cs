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
        foreach (string line in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                using JsonDocument row = JsonDocument.Parse(line);
                rows.Add(row.RootElement);
            }
            catch (Exception e) when (e is JsonException or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException)
            {
                string why = e is JsonException ? "it is not one whole JSON object: the file may have been cut while it was written or copied" : e.Message;
                throw new InvalidDataException($"{path}, line {number}: {why} Take the file from its source again, or estimate the table anew.", e);
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
