using System.Collections.Concurrent;
using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>
/// The samples of a store that is read, all of them or those of a range of indices; what was read last is kept. Thread-safe.
/// </summary>
internal sealed class StoredSamples : IDisposable
{
    private const int RecentRewards = 512,
        RecentContents = 8;
    private readonly StoreReader _reader;
    private readonly (long First, long End) _range;
    private readonly RecentItems<ImmutableArray<double>> _rewards;
    private readonly ConcurrentDictionary<double, RecentItems<EmpiricalRewardCdf>> _cdfs = []; // by tie tolerance
    private readonly RecentItems<PromptSamples> _contents;

    private StoredSamples(StoreReader reader, (long First, long End)? range)
    {
        (_reader, _range) = (reader, range ?? (0, long.MaxValue));
        Provenance = StoreFacts.Read(reader.Facts, reader.Path);
        _rewards = new(
            RecentRewards,
            number => [.. Parts(number).SelectMany(part => Within(part, _reader.ReadRewards(part).Rewards)).OfType<double>()]
        );
        _contents = new(
            RecentContents,
            number =>
                PromptSamples.Joined([
                    .. Parts(number).Select(part => StoreRowSamples.ToSamples(_reader.Read(part)).Within(_range.First, _range.End)),
                ])
        );
    }

    /// <summary>The full path of the store.</summary>
    public string Path => _reader.Path;

    /// <summary>Where the rewards come from; null when that is not known.</summary>
    public ReferenceProvenance? Provenance { get; }

    /// <summary>How many prompts have samples.</summary>
    public int Prompts => _reader.Index.Prompts;

    /// <summary>How many rows the store has.</summary>
    public int Rows => _reader.Index.Rows;

    /// <summary>Opens a store for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="range">The indices of the samples that are shown, the end not among them; null for all.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no store, or damaged, or lacks its log.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static StoredSamples Open(string path, (long First, long End)? range = null)
    {
        var reader = StoreReader.Open(path);
        try
        {
            return new StoredSamples(reader, range);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The number of a prompt; -1 when it has no samples here.</summary>
    public int Find(Prompt prompt) => _reader.Index.Find(prompt);

    public Prompt Prompt(int number) => _reader.ReadRewards(_reader.Index.RowsOf(number)[0]).Prompt;

    public int Drawn(int number)
    {
        int drawn = 0;
        foreach (StoreEntry entry in _reader.Index.RowsOf(number))
            drawn += DrawnOf(entry);
        return drawn;
    }

    /// <summary>How many samples have a reward: as the index says it where all of a row is shown.</summary>
    public int Count(int number)
    {
        int count = 0;
        foreach (StoreEntry entry in _reader.Index.RowsOf(number))
        {
            int drawn = DrawnOf(entry);
            count +=
                drawn == entry.Drawn ? entry.Drawn - entry.WithoutReward
                : drawn == 0 ? 0
                : Within(entry, _reader.ReadRewards(entry).Rewards).Count(reward => reward is not null);
        }

        return count;
    }

    public ImmutableArray<double> Rewards(int number) => Open(_rewards)[number];

    public EmpiricalRewardCdf Cdf(int number, double tieTolerance) => Open(_cdfs.GetOrAdd(tieTolerance, CdfsOf))[number];

    public PromptSamples All(int number) => Open(_contents)[number];

    public void Dispose() => _reader.Dispose();

    /// <summary>What was kept is not to be had once the store is closed.</summary>
    private RecentItems<T> Open<T>(RecentItems<T> items)
    {
        _reader.RequireOpen();
        return items;
    }

    private RecentItems<EmpiricalRewardCdf> CdfsOf(double tieTolerance) =>
        new(RecentRewards, number => new EmpiricalRewardCdf(_rewards[number], tieTolerance));

    private IEnumerable<StoreEntry> Parts(int number) => _reader.Index.RowsOf(number).ToArray().Where(entry => DrawnOf(entry) > 0);

    private int DrawnOf(StoreEntry entry) =>
        (int)Math.Max(0, Math.Min(entry.First + (long)entry.Drawn, _range.End) - Math.Max(entry.First, _range.First));

    private IEnumerable<double?> Within(StoreEntry entry, ImmutableArray<double?> rewards) =>
        rewards.Skip((int)Math.Max(0, _range.First - entry.First)).Take(DrawnOf(entry));
}
