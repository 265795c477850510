namespace VariationalBoN.References;

/// <summary>How a <see cref="ReferenceStore"/> is written. Immutable, thread-safe.</summary>
public sealed record ReferenceStoreOptions
{
    /// <summary>
    /// Whether each batch is flushed to the disk (fsync), so that it survives
    /// a loss of power; without, it survives only the end of the process.
    /// </summary>
    /// <value>Default true.</value>
    public bool FlushToDisk { get; init; } = true;

    /// <summary>How a batch is kept whole while it is written.</summary>
    /// <value>Default <see cref="ReferenceJournal.Automatic"/>.</value>
    public ReferenceJournal Journal { get; init; } = ReferenceJournal.Automatic;

    /// <summary>
    /// Whether to go on with a store whose log is not beside it, such as a copy that was made while it was written:
    /// what was in the log is drawn again.
    /// </summary>
    /// <value>Default false: such a store is refused.</value>
    public bool AcceptLostLog { get; init; }

    /// <summary>
    /// Whether one store takes samples that were drawn with other threads, kernels, processors or versions
    /// (<see cref="ReferenceProvenance.Execution"/>), or without saying with which. Their distribution is
    /// the same, their last digits may differ. The store promises no bits from the first such sample on.
    /// </summary>
    /// <value>Default false: such samples are refused where bits are promised.</value>
    public bool AcceptOtherExecution { get; init; }

    /// <summary>These options as the writer of the file takes them.</summary>
    internal StoreWriting ToWriting() => new(FlushToDisk, Journal, AcceptLostLog);

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names the fault.</exception>
    internal void Validate()
    {
        if (!Enum.IsDefined(Journal))
            throw new ArgumentException(
                $"The store options are not usable: {nameof(Journal)} is {Journal}, which is not a {nameof(ReferenceJournal)}."
            );
    }
}
