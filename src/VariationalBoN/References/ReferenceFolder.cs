using System.Globalization;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>
/// A folder of reference samples as version 0.1 of this library wrote them:
/// a manifest, and records that are lines, each compressed or not. It is only read. Not thread-safe.
/// </summary>
internal sealed class ReferenceFolder
{
    private const string ManifestFile = "manifest.json",
        Format = "VariationalBoN reference cache";
    private const int Version = 1,
        LongestManifest = 1 << 20;
    private readonly string _records;
    private readonly bool _isCompressed;

    private ReferenceFolder(string records, bool isCompressed, ReferenceProvenance? provenance) =>
        (_records, _isCompressed, Provenance) = (records, isCompressed, provenance);

    /// <summary>Where the rewards come from, each identity a single text; null when that is not known.</summary>
    public ReferenceProvenance? Provenance { get; }

    /// <summary>Reads the manifest.</summary>
    /// <exception cref="InvalidDataException">It is no such folder; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ReferenceFolder Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
            throw new InvalidDataException(
                $"{folder} is no folder of reference samples: it has no {ManifestFile}. Give a folder that version 0.1 of this library "
                    + "wrote."
            );
        try
        {
            using var document = JsonDocument.Parse(InputFile.ReadAll(path, LongestManifest), ReferenceTableFile.Reading);
            JsonElement manifest = document.RootElement;
            if (manifest.GetProperty("format").GetString() != Format || manifest.GetProperty("version").GetInt32() != Version)
                throw new FormatException($"it is not of the format \"{Format}\", version {Version}.");
            bool isCompressed = manifest.GetProperty("compression").GetString() switch
            {
                "None" => false,
                "Gzip" => true,
                var other => throw new FormatException($"its compression is \"{other}\", which is neither None nor Gzip."),
            };
            string records = Path.Combine(folder, isCompressed ? "samples.jsonl.gz" : "samples.jsonl");
            return new ReferenceFolder(records, isCompressed, ReferenceTableRows.Provenance(manifest));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException(
                $"{path} cannot be used: {e.Message} Take the file from its source again; the records beside it are not the cause.",
                e
            );
        }
    }

    /// <summary>The rows of each batch that is whole; what a killed process left of a last one is passed over.</summary>
    /// <exception cref="InvalidDataException">A record is damaged; the message names file, line and byte.</exception>
    /// <exception cref="IOException">The records cannot be read.</exception>
    public IEnumerable<StoreRow[]> Batches()
    {
        Stream stream = InputFile.OpenOrEmpty(_records);
        using RecordReader records = _isCompressed ? new GzipRecordReader(stream) : new LineReader(stream);
        var batch = new List<StoreRow>();
        while (Next(records) && records.IsWhole)
        {
            (StoreRow row, int following) = Row(records);
            batch.Add(row);
            if (following > 0)
                continue;
            yield return [.. batch];
            batch.Clear();
        }

        if (!records.IsWhole && records.Length > 0 && RecordSeal.HoldsTwo(records.Json.Span))
            throw Damage(records, "this line holds more than one record: the end of a record is missing.", inner: null);
    }

    private bool Next(RecordReader records)
    {
        try
        {
            return records.Next();
        }
        catch (InvalidDataException e)
        {
            throw Damage(records, e.Message, e);
        }
    }

    private (StoreRow Row, int Following) Row(RecordReader records)
    {
        try
        {
            if (!RecordSeal.IsIntact(records.Json.Span))
                throw new FormatException("the record is not as it was written: its \"check\" is missing or wrong.");
            using var record = JsonDocument.Parse(records.Json, ReferenceTableFile.Reading);
            int first = record.RootElement.GetProperty("first").GetInt32();
            int following = record.RootElement.GetProperty("following").GetInt32();
            StoreRow row = StoreRowSamples.ToRow(ReferenceTableRows.Prompt(record.RootElement), first);
            row.Validate();
            return (row, following);
        }
        catch (Exception e)
            when (e is JsonException or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            throw Damage(records, e.Message, e);
        }
    }

    private InvalidDataException Damage(RecordReader records, string why, Exception? inner) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{_records}, line {records.Number} (byte {records.Offset}): {why} Take the file from "
                    + $"its source again, or cut it to its first {records.Offset} bytes and import: what is cut off is drawn again."
            ),
            inner
        );
}
