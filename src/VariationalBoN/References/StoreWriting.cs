namespace VariationalBoN.References;

/// <summary>How a store is written. Immutable, thread-safe.</summary>
/// <param name="FlushToDisk">Whether a batch is on the disk (fsync) when it counts as kept.</param>
/// <param name="Journal">How a batch is kept whole.</param>
/// <param name="AcceptLostLog">Whether a store may be gone on with whose log is not beside it.</param>
/// <param name="Vfs">The file system that SQLite uses; null for its own.</param>
internal sealed record StoreWriting(
    bool FlushToDisk = true,
    ReferenceJournal Journal = ReferenceJournal.Automatic,
    bool AcceptLostLog = false,
    string? Vfs = null
);
