namespace VariationalBoN.References;

/// <summary>How a <see cref="ReferenceStore"/> is written. Immutable, thread-safe.</summary>
public sealed record ReferenceStoreOptions
{
    /// <summary>Whether each batch is flushed to the disk (fsync), so that it outlives a machine that loses power; without, it outlives its process alone.</summary>
    public bool FlushToDisk { get; init; } = true;

    /// <summary>How records stand on disk. Chosen when the store is made; an older store keeps its own.</summary>
    public ReferenceCompression Compression { get; init; } = ReferenceCompression.None;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names the fault.</exception>
    internal void Validate()
    {
        if (!Enum.IsDefined(Compression))
            throw new ArgumentException($"The store options are not usable: Compression is {Compression}, which is none of its values.");
    }
}
