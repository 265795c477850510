namespace VariationalBoN.References;

/// <summary>What <see cref="ReferenceStore.Merge"/> did. Immutable, thread-safe.</summary>
/// <param name="Records">The number of records that were copied.</param>
/// <param name="Repair">What was cut off the store that was copied into, a batch that an interrupted merge had left; null when it was whole.</param>
public sealed record ReferenceMerge(int Records, ReferenceRepair? Repair);
