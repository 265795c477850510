namespace VariationalBoN.References;

/// <summary>How a <see cref="ReferenceStore"/> keeps a batch whole while it is written.</summary>
public enum ReferenceJournal
{
    /// <summary><see cref="WriteAheadLog"/>; <see cref="Rollback"/> on a network file system, and where a log cannot be set.</summary>
    Automatic,

    /// <summary>
    /// A log beside the file (<c>-wal</c>): readers go on while a batch is written.
    /// It needs memory that processes share, so all of them must be on one machine.
    /// </summary>
    WriteAheadLog,

    /// <summary>
    /// A rollback journal beside the file (<c>-journal</c>): for file systems of several machines.
    /// A reader and a writer wait for each other.
    /// </summary>
    Rollback,
}
