namespace VariationalBoN.BestOfN;

/// <summary>The side file of a cache that is being written: grows beside the file of records, so that nothing is read again, and takes its place once complete. Not thread-safe.</summary>
internal sealed class GrowingReferenceIndex : IDisposable
{
    private readonly AtomicFile _file;
    private readonly ReferenceIndexWriter _writer;

    private GrowingReferenceIndex(string folder)
    {
        _file = new AtomicFile(Path.Combine(folder, ReferenceIndexLayout.FileName));
        _writer = new ReferenceIndexWriter(_file.Content);
    }

    /// <summary>Begins with what the side file holds.</summary>
    /// <returns>Null when there is none of the file of records as it is now.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static GrowingReferenceIndex? TryBegin(string folder, ReferenceManifest manifest)
    {
        using ReferenceIndex? before = ReferenceIndex.TryOpen(folder, manifest);
        if (before is null)
            return null;
        var growing = new GrowingReferenceIndex(folder);
        try
        {
            string[] prompts = [.. Enumerable.Range(0, before.Prompts).Select(before.Prompt)];
            for (int i = 0; i < before.Records; i++)
            {
                var record = before.RecordAt(i);
                growing._writer.Add(prompts[record.Prompt], record.First, record.Drawn, before.Rewards(record), record.Offset, record.Length);
            }

            return growing;
        }
        catch
        {
            growing.Dispose();
            throw;
        }
    }

    /// <summary>Adds the record that was appended last.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(ReferencePrompt samples, int first, long offset, int length) =>
        _writer.Add(samples.Prompt, first, samples.Rewards.Length + samples.Excluded, samples.Rewards.AsSpan(), offset, length);

    /// <summary>Puts it in the place of the side file.</summary>
    /// <param name="records">The file of records, which consists of whole batches.</param>
    /// <exception cref="IOException">It cannot be written; the side file is as it was.</exception>
    public void Complete(FileInfo records)
    {
        _writer.Complete(records, records.Length);
        _file.Commit(flushToDisk: false);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _file.Dispose();
    }
}
