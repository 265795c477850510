namespace VariationalBoN.Orleans.Internal;

/// <summary>How far a block is.</summary>
internal enum BlockState
{
    /// <summary>The worker knows no such ticket: it was forgotten, or never came.</summary>
    Unknown,

    /// <summary>It waits for the device.</summary>
    Waiting,

    /// <summary>The device is at it.</summary>
    Running,

    /// <summary>Its result can be read.</summary>
    Done,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>The silo is stopping, and ends it: another worker must do it.</summary>
    Leaving,
}
