using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using VariationalBoN.BestOfN;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>The samples of a cache on disk: rewards from the mapped side file, the rest from the records, whose place it knows. Thread-safe.</summary>
internal sealed class StoredReferenceData : IDisposable
{
    /// <summary>How many distributions of rewards are kept.</summary>
    public const int RecentRewards = 512;

    private const int RecentContents = 8;
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly RecentItems<ImmutableArray<double>> _rewards;
    private readonly RecentItems<EmpiricalRewardCdf> _cdfs;
    private readonly RecentItems<PromptSamples> _contents;

    private readonly (long First, long End) _range;

    private StoredReferenceData(string folder, ReferenceManifest manifest, ReferenceIndex index, (long First, long End)? range)
    {
        (Manifest, Index, _range) = (manifest, index, range ?? (0, long.MaxValue));
        _path = Path.Combine(folder, manifest.SamplesFile);
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
        _rewards = new(RecentRewards, number =>
        {
            ImmutableArray<double> rewards = [.. Parts(number).SelectMany(part => Index.Rewards(part.Record, part.Skip, part.Run.Kept))];
            return rewards.All(double.IsFinite) ? rewards
                : throw new InvalidDataException($"{Path.Combine(folder, ReferenceIndexLayout.FileName)}: the prompt \"{Index.Prompt(number)}\" has a reward that is not finite, which this library does not write. Delete the file; it is made anew from the records.");
        });
        _cdfs = new(RecentRewards, number => new EmpiricalRewardCdf(_rewards[number]));
        _contents = new(RecentContents, number => PromptSamples.Joined([.. Parts(number).Select(part => Read(part.Record).All.From(part.Record.First).Within(_range.First, _range.End))]));
    }

    public ReferenceManifest Manifest { get; }

    public ReferenceIndex Index { get; }

    /// <summary>Opens a cache for reading; makes its side file anew where it is missing, damaged or old.</summary>
    /// <exception cref="InvalidDataException">It is no cache, or a record is damaged.</exception>
    /// <exception cref="IOException">A file cannot be read, or the cache is being written and has no side file yet.</exception>
    public static StoredReferenceData Open(string folder)
    {
        var manifest = ReferenceManifest.Read(folder);
        return new StoredReferenceData(folder, manifest, ReferenceIndex.TryOpen(folder, manifest) ?? MakeIndex(folder, manifest), range: null);
    }

    /// <summary>The same for who holds the writer's lock.</summary>
    /// <param name="folder">The cache.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="index">The side file of the records as they are, where it is open; disposed of with the data.</param>
    /// <param name="range">The indices of the samples that are shown, the end not among them; null for all.</param>
    public static StoredReferenceData OpenLocked(string folder, ReferenceManifest manifest, ReferenceIndex? index, (long First, long End)? range)
    {
        index ??= ReferenceIndex.TryOpen(folder, manifest);
        if (index is null)
        {
            ReferenceIndexBuilder.Build(folder, manifest, repair: false);
            index = Reopen(folder, manifest);
        }

        return new StoredReferenceData(folder, manifest, index, range);
    }

    /// <summary>The side file that was made just now.</summary>
    public static ReferenceIndex Reopen(string folder, ReferenceManifest manifest) => ReferenceIndex.TryOpen(folder, manifest)
        ?? throw new IOException($"{Path.Combine(folder, manifest.SamplesFile)} was changed by something else while its side file was made. Let one program at a time write to a cache.");

    public Prompt Prompt(int number) => Index.Prompt(number);

    public int Count(int number) => _range == (0, long.MaxValue) ? Index.Count(number) : Parts(number).Sum(part => part.Run.Kept);

    /// <summary>The samples of a prompt, read when they are asked for.</summary>
    public IStoredPrompt PromptAt(int number) => new Stored(this, number);

    public void Dispose()
    {
        Index.Dispose();
        _file.Dispose();
    }

    /// <summary>The samples of one record with the number of its first.</summary>
    /// <exception cref="InvalidDataException">The record is damaged.</exception>
    public ReferencePrompt Read(ReferenceIndexLayout.Record record)
    {
        try
        {
            byte[] bytes = new byte[record.Length];
            int read = 0;
            for (int more; read < bytes.Length && (more = RandomAccess.Read(_file, bytes.AsSpan(read), record.Offset + read)) > 0;)
                read += more;
            ReadOnlyMemory<byte> json = Manifest.Compression == ReferenceCompression.Gzip ? GzipRecordReader.Unpack(bytes.AsMemory(0, read)) : bytes.AsMemory(0, Math.Max(0, read - 1));
            if (!RecordSeal.IsIntact(json.Span))
                throw new FormatException("the record is not as it was written: its \"check\" is missing or wrong.");
            using var row = JsonDocument.Parse(json, ReferenceTableFile.Reading);
            ReferencePrompt samples = ReferenceTableRows.Prompt(row.RootElement);
            return samples.Prompt == Index.Prompt(record.Prompt) && samples.Count == record.Rewards && samples.All.PlacesWithoutReward.SequenceEqual(Index.Excluded(record))
                ? samples
                : throw new FormatException($"the record is not the one that {ReferenceIndexLayout.FileName} was made of; delete that file, and it is made anew.");
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or InvalidOperationException or InvalidDataException)
        {
            throw CacheDamage.At(_path, record.Number, record.Offset, e.Message, e);
        }
    }

    private static ReferenceIndex MakeIndex(string folder, ReferenceManifest manifest)
    {
        try
        {
            using FileStream writer = WriterLock.Take(folder);
            ReferenceIndexBuilder.Build(folder, manifest, repair: false);
            return Reopen(folder, manifest);
        }
        catch (Exception e) when (FileSizeLimit.IsFailedWrite(e) && !WriterLock.IsHeld(e))
        {
            return ReferenceIndexBuilder.BuildTemporary(folder, manifest); // where the fault was in reading, this meets it again
        }
    }

    /// <summary>The records of a prompt with what of each lies in the range, and how many rewards stand before that.</summary>
    private IEnumerable<(ReferenceIndexLayout.Record Record, int Skip, SampleRun Run)> Parts(int number)
    {
        foreach (var record in Index.RecordsOf(number))
        {
            var run = new SampleRun(record.First, record.Drawn, [.. Index.Excluded(record).Select(place => record.First + place)]);
            SampleRun part = run.Within(_range.First, _range.End);
            if (part.Drawn > 0)
                yield return (record, run.KeptBefore(part.First), part);
        }
    }

    private sealed class Stored(StoredReferenceData data, int number) : IStoredPrompt
    {
        public Prompt Prompt { get; } = data.Prompt(number);

        public int Count => data.Count(number);

        public int Drawn => data.Parts(number).Sum(part => part.Run.Drawn);

        public ImmutableArray<double> Rewards() => data._rewards[number];

        public EmpiricalRewardCdf Cdf(double tieTolerance) => tieTolerance == 0 ? data._cdfs[number] : data._cdfs[number].WithTieTolerance(tieTolerance);

        public PromptSamples All() => data._contents[number];
    }
}
