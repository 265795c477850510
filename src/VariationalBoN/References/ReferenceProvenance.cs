using System.Collections.Immutable;
using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy, a reward model and a scorer. Immutable, thread-safe.</summary>
/// <param name="Origin">Reference policy, reward model and way of scoring.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(ScoringIdentity Origin, long Seed)
{
    /// <summary>The seeds of tables that were merged into this one.</summary>
    public ImmutableArray<long> MoreSeeds { get; init; } = [];

    /// <summary>Whether all is equal, seed by seed.</summary>
    /// <param name="other">Another provenance.</param>
    /// <returns>True when it is.</returns>
    public bool Equals(ReferenceProvenance? other) => other is not null && Origin == other.Origin && Seed == other.Seed && MoreSeeds.SequenceEqual(other.MoreSeeds);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Seed, MoreSeeds.Length);

    private string Seeds => string.Join(" and ", MoreSeeds.Prepend(Seed).Select(seed => seed.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What of a store differs from what it is used with, field by field; none when nothing does.</summary>
    internal static IEnumerable<string> Differences(ReferenceProvenance? store, ReferenceProvenance? here)
    {
        if (store is null || here is null)
            return store is null == here is null ? [] : [store is null ? "the store does not know where its rewards come from" : "where the new rewards come from is not known"];
        IEnumerable<string> seeds = store.Seeds == here.Seeds ? [] : [$"the seed of the store is {store.Seeds}, here it is {here.Seeds}"];
        return store.Origin.Differences(here.Origin, "the store", "what it is used with").Concat(seeds);
    }
}
