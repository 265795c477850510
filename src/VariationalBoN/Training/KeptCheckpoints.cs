using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>Which checkpoints of a folder stay: the latest, the best, and none that a run which went back has left behind.
/// Not thread-safe.</summary>
/// <param name="folder">Where they are.</param>
/// <param name="options">How many, and by which metric one is the best.</param>
internal sealed class KeptCheckpoints(CheckpointFolder folder, CheckpointOptions options)
{
    private long? _restored;

    /// <summary>The best by <see cref="CheckpointOptions.BestBy"/>, the earlier one among equals; null when there is none.</summary>
    public Checkpoint? Best => BestOf(folder.List());

    /// <summary>Notes that the run goes on from a step.</summary>
    public void GoOnFrom(long step) => _restored = step;

    /// <summary>Deletes those later than the one that the run goes on from, before anything that they rest on is overwritten.</summary>
    public void Retire()
    {
        foreach (Checkpoint later in folder.List().Where(checkpoint => checkpoint.Step > _restored))
            folder.Delete(later);
        _restored = null;
    }

    /// <summary>Deletes what is no longer kept once a step is saved.</summary>
    public void Prune(long saved)
    {
        ImmutableArray<Checkpoint> all = folder.List();
        Checkpoint? best = BestOf(all);
        foreach (Checkpoint old in all.SkipLast(options.KeepLast).Where(checkpoint => checkpoint != best && checkpoint.Step != saved))
            folder.Delete(old);
    }

    private Checkpoint? BestOf(IEnumerable<Checkpoint> checkpoints) =>
        options.BestBy is not string name
            ? null
            : checkpoints
                .Where(checkpoint => checkpoint.Metrics.ContainsKey(name))
                .OrderByDescending(checkpoint => options.HigherIsBetter ? checkpoint.Metrics[name] : -checkpoint.Metrics[name])
                .FirstOrDefault();
}
