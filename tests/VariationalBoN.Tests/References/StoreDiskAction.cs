namespace VariationalBoN.Tests.References;

/// <summary>What SQLite does to files.</summary>
public enum StoreDiskAction
{
    Make,
    Write,
    Truncate,
    Sync,
    Delete,
    DeleteForGood,
}
