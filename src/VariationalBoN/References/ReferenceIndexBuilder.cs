using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>Reads all records of a cache once, to make its side file. Stateless.</summary>
internal static class ReferenceIndexBuilder
{
    /// <summary>Makes the side file anew; the caller holds the writer's lock.</summary>
    /// <param name="folder">The cache.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="repair">Whether a last batch that is not whole is cut off; otherwise a last record that is not whole is an error.</param>
    /// <returns>What was cut off; null when nothing was.</returns>
    /// <exception cref="InvalidDataException">A record is damaged; the message names file, line and byte.</exception>
    public static ReferenceRepair? Build(string folder, ReferenceManifest manifest, bool repair)
    {
        ReferenceRepair? repaired = null;
        AtomicFile.Write(Path.Combine(folder, ReferenceIndexLayout.FileName), file => repaired = Write(file, Path.Combine(folder, manifest.SamplesFile), manifest, repair), flushToDisk: false);
        return repaired;
    }

    /// <summary>Makes a side file elsewhere, for a cache that cannot be written.</summary>
    /// <returns>The side file, which is deleted once it is disposed of.</returns>
    /// <exception cref="InvalidDataException">A record is damaged, or the last is not whole.</exception>
    public static ReferenceIndex BuildTemporary(string folder, ReferenceManifest manifest)
    {
        string path = Path.Combine(Path.GetTempPath(), $"{ReferenceIndexLayout.FileName}.{Guid.NewGuid():N}.tmp");
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            Write(file, Path.Combine(folder, manifest.SamplesFile), manifest, repair: false);
            file.Flush();
            return ReferenceIndex.Of(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static ReferenceRepair? Write(Stream file, string path, ReferenceManifest manifest, bool repair)
    {
        using var index = new ReferenceIndexWriter(file);
        long length = new FileInfo(path).Length;
        (long batches, int records) = Scan(index, path, manifest, length, repair);
        ReferenceRepair? repaired = null;
        if (repair && batches < length)
        {
            repaired = new ReferenceRepair(path, records + 1, batches, length - batches);
            index.Keep(records);
            Cut(path, batches);
        }

        index.Complete(path, batches);
        return repaired;
    }

    /// <summary>Reads all records; returns where the last whole batch ends and how many records that are.</summary>
    private static (long Batches, int Records) Scan(ReferenceIndexWriter index, string path, ReferenceManifest manifest, long length, bool repair)
    {
        long batches = 0;
        int records = 0;
        using var reader = RecordReader.Over(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan), manifest.Compression);
        try
        {
            while (reader.Next())
            {
                RecordSummary record = reader.IsWhole ? RecordSummary.Read(reader.Json.Span) : throw new FormatException("the record lacks its end.");
                index.Add(record.Prompt, record.First, record.Rewards, record.Excluded, reader.Offset, reader.Length);
                if (record.Following == 0)
                    (batches, records) = (reader.Offset + reader.Length, index.Count);
            }
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            if (reader.IsWhole || reader.Offset + reader.Length < length || RecordSeal.HoldsTwo(reader.Json.Span))
                throw CacheDamage.At(path, reader.Number, reader.Offset, e.Message, e);
            if (!repair)
                throw CacheDamage.Torn(path, reader.Number, reader.Offset, e);
        }

        return (batches, records);
    }

    private static void Cut(string path, long length)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(length);
        file.Flush(flushToDisk: true);
    }
}
