using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VariationalBoN.References;

/// <summary>The file format of a reference table: JSON Lines, one prompt a line, columns of samples. Stateless, thread-safe.</summary>
/// <remarks>
/// A superset of the authors' row per prompt (prompt, rewards, responses), so that their tools read our files. Each line repeats the
/// provenance and counts down the lines that follow, so that files of one reference can be joined by concatenation, and a cut is seen.
/// </remarks>
internal static class ReferenceTableFile
{
    public static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false };
    public static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Blanks => " \t\r"u8;

    public static void Write(Stream stream, ReferenceTable table, ReferenceTableFormat format = ReferenceTableFormat.Whole)
    {
        if (format == ReferenceTableFormat.Whole)
        {
            var json = new ArrayBufferWriter<byte>();
            for (int i = 0; i < table.Prompts.Length; i++)
                stream.Write(SealedLine(json, table.Prompts[i], first: null, table.Prompts.Length - 1 - i, table.Provenance));
            return;
        }

        using var writer = new Utf8JsonWriter(stream, Writing);
        foreach (ReferencePrompt prompt in table.Prompts)
        {
            foreach (Action row in Rows(writer, prompt, format))
            {
                row();
                writer.Flush();
                writer.Reset();
                stream.WriteByte((byte)'\n');
            }
        }
    }

    /// <summary>A line of a table, or a record of a store.</summary>
    /// <param name="json">Kept from line to line.</param>
    /// <param name="prompt">The samples of a prompt.</param>
    /// <param name="first">Index of the first sample; null in a table.</param>
    /// <param name="following">How many lines of the same batch or table come after it.</param>
    /// <param name="provenance">Where the rewards come from; null where that is not known, or stands in a manifest.</param>
    /// <returns>The line with its seal and its end; a fresh array.</returns>
    public static byte[] SealedLine(ArrayBufferWriter<byte> json, ReferencePrompt prompt, int? first, int following, ReferenceProvenance? provenance)
    {
        json.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(json, Writing))
        {
            writer.WriteStartObject();
            WritePrompt(writer, prompt.Prompt);
            if (first is int index)
                writer.WriteNumber("first", index);
            writer.WriteNumber("following", following);
            if (provenance is not null)
                WriteProvenance(writer, provenance);
            WriteColumns(writer, prompt);
            writer.WriteEndObject();
        }

        return RecordSeal.Close(json.WrittenSpan);
    }

    public static ReferenceTable Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan), path);
    }

    /// <summary>The same from a stream, which is disposed of; the path is for messages.</summary>
    internal static ReferenceTable Read(Stream stream, string path)
    {
        var rows = new ReferenceTableRows();
        using var lines = new LineReader(stream);
        while (Next(lines, path))
        {
            ReadOnlyMemory<byte> line = lines.Offset == 0 && lines.Json.Span.StartsWith(ByteOrderMark) ? lines.Json[ByteOrderMark.Length..] : lines.Json;
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
            throw new InvalidDataException($"{path}: {(lines.Number == 1 ? "the file is empty." : e.Message)} A reference table has one line for each prompt.", e);
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
        new($"{path}, line {lines.Number} (byte {lines.Offset}): {why} Take the file from its source again, or estimate the table anew.", inner);

    /// <summary>The property "prompt": a text as a string, a conversation as the list of its messages.</summary>
    public static void WritePrompt(Utf8JsonWriter writer, Prompt prompt)
    {
        writer.WritePropertyName("prompt");
        if (prompt.IsConversation)
            writer.WriteRawValue(prompt.Canonical);
        else
            writer.WriteStringValue(prompt.Text);
    }

    /// <summary>The property "provenance".</summary>
    public static void WriteProvenance(Utf8JsonWriter writer, ReferenceProvenance provenance)
    {
        writer.WriteStartObject("provenance");
        WriteIdentity("reference", provenance.Origin.Reference);
        WriteIdentity("rewardModel", provenance.Origin.RewardModel);
        WriteIdentity("scoring", provenance.Origin.Scoring);
        writer.WriteNumber("seed", provenance.Seed);
        if (!provenance.MoreSeeds.IsEmpty)
            WriteArray(writer, "moreSeeds", provenance.MoreSeeds, writer.WriteNumberValue);
        writer.WriteEndObject();

        void WriteIdentity(string name, ModelIdentity identity)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(identity.ToJson());
        }
    }

    /// <summary>The rows of a prompt in a format of the authors.</summary>
    private static IEnumerable<Action> Rows(Utf8JsonWriter writer, ReferencePrompt prompt, ReferenceTableFormat format)
    {
        ImmutableArray<double> rewards = prompt.Rewards;
        ImmutableArray<string> responses = prompt.Responses;
        string text = prompt.Prompt.Text;
        if (format == ReferenceTableFormat.RowPerPrompt)
        {
            return [() =>
            {
                writer.WriteStartObject();
                writer.WriteString("prompt", text);
                WriteRewards(writer, rewards, responses);
                writer.WriteEndObject();
            }];
        }

        if (responses.IsEmpty)
            throw new InvalidOperationException($"The texts of the prompt \"{text}\" are not known, and a row for each sample has one; save a row for each prompt.");
        return Enumerable.Range(0, rewards.Length).Select(i => (Action)(() =>
        {
            writer.WriteStartObject();
            writer.WriteString("prompt", text);
            writer.WriteString("text", text + responses[i]);
            writer.WriteNumber("reward", rewards[i]);
            writer.WriteEndObject();
        }));
    }

    private static void WriteColumns(Utf8JsonWriter writer, ReferencePrompt prompt)
    {
        ImmutableArray<ScoredCompletion> samples = prompt.Samples;
        WriteRewards(writer, prompt.Rewards, prompt.Responses);
        if (prompt.Components.Count > 0)
        {
            writer.WriteStartObject("components");
            foreach ((string name, ImmutableArray<double?> values) in prompt.Components)
                WriteArray(writer, name, values, value => WriteNumberOrNull(writer, value));
            writer.WriteEndObject();
        }

        if (prompt.Excluded > 0)
            WriteArray(writer, "excluded", prompt.All.PlacesWithoutReward, writer.WriteNumberValue);
        if (!samples.IsEmpty)
        {
            WriteArray(writer, "promptTokens", samples[0].Completion.PromptTokens, writer.WriteNumberValue);
            WriteArray(writer, "logReference", samples.Select(sample => sample.LogReference), writer.WriteNumberValue);
            WriteArray(writer, "finishReasons", samples.Select(sample => sample.Completion.FinishReason.ToString()), writer.WriteStringValue);
            WriteArray(writer, "tokens", samples.Select(sample => sample.Completion.Tokens), tokens =>
            {
                writer.WriteStartArray();
                foreach (int token in tokens)
                    writer.WriteNumberValue(token);
                writer.WriteEndArray();
            });
        }
    }

    private static void WriteRewards(Utf8JsonWriter writer, ImmutableArray<double> rewards, ImmutableArray<string> responses)
    {
        WriteArray(writer, "rewards", rewards, writer.WriteNumberValue);
        if (!responses.IsEmpty)
            WriteArray(writer, "responses", responses, writer.WriteStringValue);
    }

    private static void WriteNumberOrNull(Utf8JsonWriter writer, double? value)
    {
        if (value is double number)
            writer.WriteNumberValue(number);
        else
            writer.WriteNullValue();
    }

    private static void WriteArray<T>(Utf8JsonWriter writer, string name, IEnumerable<T> values, Action<T> write)
    {
        writer.WriteStartArray(name);
        foreach (T value in values)
            write(value);
        writer.WriteEndArray();
    }
}
