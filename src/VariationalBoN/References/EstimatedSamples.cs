using System.Diagnostics;
using VariationalBoN.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Where the samples of an estimation are kept, a store or memory, and how far it has come. Not thread-safe.</summary>
internal sealed class EstimatedSamples
{
    private readonly Prompt[] _prompts;
    private readonly ReferenceTableOptions _options;
    private readonly ReferenceStore? _store;
    private readonly Dictionary<Prompt, int> _open; // samples that are missing
    private readonly Dictionary<Prompt, List<(int First, PromptSamples Samples)>> _drawn = [];
    private readonly long _all,
        _found;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _excluded;

    /// <summary>What is there before anything is drawn.</summary>
    /// <param name="prompts">The prompts of the table.</param>
    /// <param name="options">Its options.</param>
    /// <param name="store">Where samples are kept; null for memory.</param>
    /// <param name="missing">How many samples of each prompt are missing.</param>
    public EstimatedSamples(
        Prompt[] prompts,
        ReferenceTableOptions options,
        ReferenceStore? store,
        IReadOnlyDictionary<Prompt, int> missing
    )
    {
        (_prompts, _options, _store, _open) = (prompts, options, store, new(missing));
        _all = (long)prompts.Length * options.SamplesPerPrompt;
        _found = _all - Open;
    }

    private long Open => _open.Values.Sum(count => (long)count);

    /// <summary>Whether all of a part is there already: it is of a block that is drawn again for its neighbours' sake.</summary>
    public bool Has(ReferencePart part) =>
        _store is not null && part.Prompts.All(prompt => _store.Missing(prompt, part.First, part.Samples).Count == 0);

    /// <summary>Keeps samples that were scored, but for those that are there already.</summary>
    /// <param name="entries">The samples of each prompt.</param>
    /// <param name="first">Index of the first of each.</param>
    public void Add(IReadOnlyList<ReferencePrompt> entries, int first)
    {
        foreach (var range in Fresh(entries, first).GroupBy(part => part.First, part => part.Entry))
        {
            ReferencePrompt[] fresh = [.. range];
            Keep(fresh, range.Key);
            foreach (ReferencePrompt entry in fresh)
                _open[entry.Prompt] -= entry.Drawn;
            _excluded += fresh.Sum(entry => (long)entry.Excluded);
        }

        Report();
    }

    /// <summary>Tells how far it has come.</summary>
    public void Report()
    {
        var progress = new ReferenceTableProgress
        {
            Prompts = _prompts.Length,
            PromptsDone = _prompts.Length - _open.Count(prompt => prompt.Value > 0),
            Samples = _all,
            SamplesDone = _all - Open,
            SamplesFound = _found,
            Excluded = _excluded,
            Elapsed = _clock.Elapsed,
        };
        _options.Progress?.Report(progress);
        _options.Logger?.ReferenceProgress(progress);
    }

    /// <summary>All of it as a table; a store is closed.</summary>
    /// <exception cref="RewardModelException">A prompt has no reward; the message names such prompts.</exception>
    public ReferenceTable ToTable(ReferenceProvenance provenance)
    {
        if (_store is null)
        {
            ReferencePrompt[] all =
            [
                .. _prompts.Select(prompt => new ReferencePrompt(
                    prompt,
                    PromptSamples.Joined([.. _drawn[prompt].OrderBy(part => part.First).Select(part => part.Samples)]).From(0)
                )),
            ];
            RequireRewards(all);
            return new ReferenceTable(all, provenance);
        }

        _store.Close(); // before anything reads it: so that it is one file, without a log
        var table = ReferenceTable.OfStore(_store.Path, _prompts, _options.FirstSample, _options.SamplesPerPrompt);
        try
        {
            RequireRewards(table.Prompts);
            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    private IEnumerable<(int First, ReferencePrompt Entry)> Fresh(IReadOnlyList<ReferencePrompt> entries, int first) =>
        _store is null
            ? entries.Select(entry => (first, entry))
            : entries.SelectMany(entry =>
                _store
                    .Missing(entry.Prompt, first, entry.Drawn)
                    .Select(range =>
                        (
                            range.First,
                            range.Count == entry.Drawn
                                ? entry
                                : new ReferencePrompt(
                                    entry.Prompt,
                                    entry.All.Within(range.First - first, range.First - first + range.Count).From(0)
                                )
                        )
                    )
            );

    private void Keep(ReferencePrompt[] entries, int first)
    {
        if (_store is not null)
        {
            _store.Append(entries, first);
            return;
        }

        foreach (ReferencePrompt entry in entries)
        {
            if (!_drawn.TryGetValue(entry.Prompt, out var parts))
                _drawn[entry.Prompt] = parts = [];
            parts.Add((first, entry.All));
        }
    }

    private void RequireRewards(IReadOnlyCollection<ReferencePrompt> prompts)
    {
        if (PromptsWithoutReward.Among(prompts) is string empty)
            throw new RewardModelException(
                $"{empty}{(_options.Store is null ? "" : $" All that was drawn is kept in {_options.Store}.")} See why the reward model "
                    + $"fails for them, or whether all are truncated; draw more samples (SamplesPerPrompt), or leave these prompts out."
            );
    }
}
