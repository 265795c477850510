namespace VariationalBoN.References;

/// <summary>What the index of a store says of a row. Immutable, thread-safe.</summary>
/// <param name="Key">The key of its prompt (<see cref="StoreIndex.KeyOf"/>).</param>
/// <param name="Id">The row.</param>
/// <param name="First">Index of its first sample.</param>
/// <param name="Drawn">How many samples it has.</param>
/// <param name="WithoutReward">How many of them have no reward.</param>
internal readonly record struct StoreEntry(UInt128 Key, long Id, int First, int Drawn, int WithoutReward);
