using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace VariationalBoN.BestOfN;

/// <summary>The samples of a cache on disk: rewards from the mapped side file, the rest from the records, whose place it knows. Thread-safe.</summary>
internal sealed class StoredReferenceData : IReferenceData, IDisposable
{
    private const int RecentRewards = 512, RecentContents = 8;
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly RecentItems<(ImmutableArray<double> Rewards, EmpiricalRewardCdf Cdf)> _rewards;
    private readonly RecentItems<ReferencePrompt> _contents;

    private StoredReferenceData(string folder, ReferenceManifest manifest, ReferenceIndex index)
    {
        (Manifest, Index) = (manifest, index);
        _path = Path.Combine(folder, manifest.SamplesFile);
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
        _rewards = new(RecentRewards, number =>
        {
            var rewards = ImmutableCollectionsMarshal.AsImmutableArray(Index.Rewards(number));
            return (rewards, new EmpiricalRewardCdf(rewards));
        });
        _contents = new(RecentContents, Read);
    }

    public ReferenceManifest Manifest { get; }

    public ReferenceIndex Index { get; }

    /// <summary>Opens a cache for reading; makes its side file anew where it is missing, damaged or old.</summary>
    /// <exception cref="InvalidDataException">It is no cache, or a record is damaged.</exception>
    /// <exception cref="IOException">A file cannot be read, or the cache is being written and has no side file yet.</exception>
    public static StoredReferenceData Open(string folder)
    {
        var manifest = ReferenceManifest.Read(folder);
        if (ReferenceIndex.TryOpen(folder, manifest) is not { } index)
        {
            using FileStream writer = WriterLock.Take(folder);
            ReferenceIndexBuilder.Build(folder, manifest, repair: false);
            index = Reopen(folder, manifest);
        }

        return new StoredReferenceData(folder, manifest, index);
    }

    /// <summary>The same for who holds the writer's lock.</summary>
    public static StoredReferenceData OpenLocked(string folder, ReferenceManifest manifest)
    {
        if (ReferenceIndex.TryOpen(folder, manifest) is not { } index)
        {
            ReferenceIndexBuilder.Build(folder, manifest, repair: false);
            index = Reopen(folder, manifest);
        }

        return new StoredReferenceData(folder, manifest, index);
    }

    /// <summary>The side file that was made just now.</summary>
    public static ReferenceIndex Reopen(string folder, ReferenceManifest manifest) => ReferenceIndex.TryOpen(folder, manifest)
        ?? throw new IOException($"{Path.Combine(folder, manifest.SamplesFile)} was changed by something else while its side file was made. Let one program at a time write to a cache.");

    public string Prompt(int number) => Index.Prompt(number);

    public ImmutableArray<double> Rewards(int number) => _rewards[number].Rewards;

    public ImmutableArray<string> Responses(int number) => _contents[number].Responses;

    public ImmutableArray<ScoredCompletion> Samples(int number) => _contents[number].Samples;

    public EmpiricalRewardCdf Cdf(int number) => _rewards[number].Cdf;

    public int Count(int number) => Index.Count(number);

    public int Excluded(int number) => Index.RecordsOf(number).Sum(record => record.Drawn - record.Rewards);

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
            return ReferenceTableRows.Prompt(row.RootElement);
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or InvalidOperationException or InvalidDataException)
        {
            throw CacheDamage.At(_path, record.Number, record.Offset, e.Message, e);
        }
    }

    private ReferencePrompt Read(int number)
    {
        ReferencePrompt[] parts = [.. Index.RecordsOf(number).Select(Read)];
        string prompt = Index.Prompt(number);
        if (parts.All(part => !part.Samples.IsEmpty))
            return new ReferencePrompt(prompt, parts.SelectMany(part => part.Samples), parts.Sum(part => part.Excluded));
        return new ReferencePrompt(prompt, parts.SelectMany(part => part.Rewards), parts.All(part => !part.Responses.IsEmpty) ? parts.SelectMany(part => part.Responses) : [], parts.Sum(part => part.Excluded));
    }
}
