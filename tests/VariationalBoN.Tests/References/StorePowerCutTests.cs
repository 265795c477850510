using System.Security.Cryptography;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Power that is cut at every operation that SQLite makes, on the store, its log and its journal.</summary>
[Trait("Tier", "slow")]
public sealed class StorePowerCutTests() : StoreFileFixture(InMemory)
{
    private static readonly StoreRow[][] s_batches =
    [
        [Row("a", 0, 40), Row("b", 0, 40, holes: true)],
        [Row("c", 0, 300)],
        [Row("a", 40, 20)],
        [Row("d", 0, 5), Row("e", 0, 5)],
    ];
    private readonly StoreDisk _disk = new();

    public override void Dispose()
    {
        base.Dispose();
        _disk.Dispose();
    }

    [Theory]
    [InlineData(ReferenceJournal.WriteAheadLog, true)]
    [InlineData(ReferenceJournal.WriteAheadLog, false)]
    [InlineData(ReferenceJournal.Rollback, true)]
    public void Store_has_every_batch_that_was_reported_as_kept_and_no_part_of_another(ReferenceJournal journal, bool flush)
    {
        Write(Store).Dispose();
        var before = Directory.GetFiles(Folder).Where(file => file == Store).ToDictionary(file => file, File.ReadAllBytes);
        int[] reported = Record(journal, flush);
        string[][] states = [.. Enumerable.Range(0, s_batches.Length + 1).Select(count => Expected(count))];
        var random = new Random(3);
        var seen = new HashSet<string>();
        int cuts = 0;
        foreach (var rest in Enum.GetValues<StorePowerCut.Rest>())
        {
            for (int at = 0; at <= _disk.Done.Count; at++, cuts++)
            {
                int promised = flush || rest == StorePowerCut.Rest.Kept ? reported.Count(end => end <= at) : 0;
                var files = StorePowerCut.After(before, _disk.Done[..at], rest, random);
                if (!seen.Add($"{promised} {HashOf(files)}"))
                    continue;
                string path = Place(files, $"{rest}-{at}");
                using (var writer = Write(path, new StoreWriting(FlushToDisk: false, Journal: journal)))
                {
                    int kept = s_batches.Count(batch => !writer.Missing(batch[0].Prompt, batch[0].First, 1).Any());
                    Assert.True(kept >= promised, $"{rest}, cut at {at} of {_disk.Done.Count}: {kept} kept, {promised} reported");
                    Assert.Equal(states[kept], Contents(path).Order(StringComparer.Ordinal));
                    foreach (var batch in s_batches[kept..])
                        writer.Append(batch);
                }

                using var reader = StoreReader.Open(path);
                reader.Check();
                Assert.Equal(states[^1], Contents(reader).Order(StringComparer.Ordinal));
                reader.Dispose();
                Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
            }
        }

        Assert.InRange(cuts, 200, 2000);
        Assert.InRange(seen.Count, 50, cuts);
    }

    /// <summary>Writes the batches, and says how many operations there were when each was reported as kept.</summary>
    private int[] Record(ReferenceJournal journal, bool flush)
    {
        _disk.Done.Clear();
        var reported = new List<int>();
        using (var writer = Write(Store, new StoreWriting(flush, journal, Vfs: _disk.Name)))
        {
            foreach (var batch in s_batches[..^1])
            {
                writer.Append(batch);
                reported.Add(_disk.Done.Count);
            }
        }

        using (var writer = Write(Store, new StoreWriting(flush, journal, Vfs: _disk.Name))) // once more, from a store that was closed
        {
            writer.Append(s_batches[^1]);
            reported.Add(_disk.Done.Count);
        }

        return [.. reported];
    }

    private string Place(Dictionary<string, byte[]> files, string name)
    {
        string folder = Directory.CreateDirectory(Named(name)).FullName;
        foreach ((string path, byte[] content) in files)
            File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(path)), content);
        return Path.Combine(folder, Path.GetFileName(Store));
    }

    private static string HashOf(Dictionary<string, byte[]> files) =>
        string.Join(' ', files.Select(file => $"{file.Key} {Convert.ToHexString(SHA256.HashData(file.Value))}").Order());

    private static string[] Expected(int batches) =>
        [.. s_batches[..batches].SelectMany(batch => batch).Select(Describe).Order(StringComparer.Ordinal)];
}
