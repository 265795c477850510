using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>The side file of a cache that is being written: grows beside the file of records, so that nothing is read again, and takes its place once complete. Not thread-safe.</summary>
internal sealed class GrowingReferenceIndex : IDisposable
{
    private readonly AtomicFile _file;
    private readonly ReferenceIndexWriter _writer;

    /// <summary>Begins with what the side file holds.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public GrowingReferenceIndex(string folder, ReferenceIndex before)
    {
        _file = new AtomicFile(Path.Combine(folder, ReferenceIndexLayout.FileName));
        try
        {
            _writer = new ReferenceIndexWriter(_file.Content);
            string[] prompts = [.. Enumerable.Range(0, before.Prompts).Select(before.Prompt)];
            for (int i = 0; i < before.Records; i++)
            {
                var record = before.RecordAt(i);
                _writer.Add(prompts[record.Prompt], record.First, before.Rewards(record, 0, record.Rewards), before.Excluded(record), record.Offset, record.Length);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Adds the record that was appended last.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(ReferencePrompt samples, int first, long offset, int length) =>
        _writer.Add(samples.Prompt.Text, first, samples.Rewards.AsSpan(), [.. samples.All.PlacesWithoutReward], offset, length);

    /// <summary>Puts it in the place of the side file.</summary>
    /// <param name="path">The file of records, which consists of whole batches.</param>
    /// <param name="length">Its length.</param>
    /// <exception cref="IOException">It cannot be written; the side file is as it was.</exception>
    public void Complete(string path, long length)
    {
        _writer.Complete(path, length);
        _file.Commit(flushToDisk: false);
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _file.Dispose();
    }
}
