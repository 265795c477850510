namespace VariationalBoN.Orleans.Internal;

/// <summary>What becomes of a block that was handed over.</summary>
internal enum BeginAnswer
{
    /// <summary>The device is at it, or was.</summary>
    Begun,

    /// <summary>It waits for the device.</summary>
    Waits,

    /// <summary>Its weights are not on the machine: send them, then hand it over again.</summary>
    NeedsWeights,

    /// <summary>The silo is stopping.</summary>
    Leaving,
}
