using System.Collections.Immutable;
using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy, a reward model and a scorer.
/// Immutable, thread-safe.</summary>
/// <param name="Origin">Reference policy, reward model and way of scoring.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(ScoringIdentity Origin, long Seed)
{
    /// <summary>The seeds of tables that were merged into this one.</summary>
    public ImmutableArray<long> MoreSeeds { get; init; } = [];

    /// <summary>What else the bits of the samples depend on (<see cref="TorchRuntime.Execution"/>), where they are promised: in stores that
    /// were drawn with <see cref="ReferenceTableOptions.SamplesPerBlock"/>. Null where they are not; that goes with any other.</summary>
    public ModelIdentity? Execution { get; init; }

    /// <summary>Whether all is equal, seed by seed.</summary>
    /// <param name="other">Another provenance.</param>
    /// <returns>True when it is.</returns>
    public bool Equals(ReferenceProvenance? other) =>
        other is not null
        && Origin == other.Origin
        && Seed == other.Seed
        && Execution == other.Execution
        && MoreSeeds.SequenceEqual(other.MoreSeeds);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Seed, MoreSeeds.Length);

    private string Seeds => string.Join(" and ", MoreSeeds.Prepend(Seed).Select(seed => seed.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What of a store differs from what it is used with, field by field; none when nothing does.</summary>
    internal static IEnumerable<string> Differences(ReferenceProvenance? store, ReferenceProvenance? here)
    {
        if (store is null || here is null)
            return store is null == here is null
                ? []
                : [store is null ? "the store does not know where its rewards come from" : "where the new rewards come from is not known"];
        IEnumerable<string> seeds = store.Seeds == here.Seeds ? [] : [$"the seed of the store is {store.Seeds}, here it is {here.Seeds}"];
        IEnumerable<string> execution =
            store.Execution is not { } there || here.Execution is not { } now || there == now
                ? []
                :
                [
                    $"it was drawn under another execution, so that last digits would differ "
                        + $"({string.Join("; ", there.Differences(now))}): take machines of one kind, with equal threads, "
                        + $"kernels and version, or do without equal bits by "
                        + $"{nameof(ReferenceStoreOptions)}.{nameof(ReferenceStoreOptions.AcceptOtherExecution)}",
                ];
        return store.Origin.Differences(here.Origin, "the store", "what it is used with").Concat(seeds).Concat(execution);
    }
}
