using System.Collections.Immutable;
using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy,
/// a reward model and a scorer. Immutable, thread-safe.</summary>
/// <param name="Origin">Reference policy, reward model and way of scoring.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(ScoringIdentity Origin, long Seed)
{
    /// <summary>The seeds of tables that were merged into this one.</summary>
    public ImmutableArray<long> MoreSeeds { get; init; } = [];

    /// <summary>What else the bits of the samples depend on (<see cref="TorchRuntime.Execution"/>), where they are
    /// promised: in stores that were drawn with <see cref="ReferenceTableOptions.SamplesPerBlock"/>. Null where they are
    /// not, as in stores of earlier versions. Samples with this promise are refused by a store without it, and samples
    /// without it by a store with it, unless <see cref="ReferenceStoreOptions.AcceptOtherExecution"/> is set.</summary>
    public ModelIdentity? Execution { get; init; }

    /// <summary>Whether two provenances are equal in all their members, seed by seed.</summary>
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

    /// <summary>What of a store differs from what it is used with, field by field, but for the execution; none when nothing does.</summary>
    /// <param name="store">Where the rewards of the store come from.</param>
    /// <param name="here">Where those come from that it is used with.</param>
    /// <param name="storeName">The store, for messages.</param>
    /// <param name="hereName">What it is used with, for messages.</param>
    internal static IEnumerable<string> Differences(
        ReferenceProvenance? store,
        ReferenceProvenance? here,
        string storeName,
        string hereName
    )
    {
        if (store is null || here is null)
            return store is null == here is null
                ? []
                : [$"where the rewards of {(store is null ? storeName : hereName)} come from is not known"];
        IEnumerable<string> seeds =
            store.Seeds == here.Seeds ? [] : [$"the seed of {storeName} is {store.Seeds}, that of {hereName} is {here.Seeds}"];
        return store.Origin.Differences(here.Origin, storeName, hereName).Concat(seeds);
    }

    /// <summary>Why samples of one execution do not go into a store of another,
    /// so that what the store promises holds for all it has; null when they do.</summary>
    /// <param name="store">Under which execution the samples of the store were drawn; null when it does not say.</param>
    /// <param name="here">Under which the others were.</param>
    /// <param name="storeName">The store, for messages.</param>
    /// <param name="hereName">The others, for messages.</param>
    internal static string? ExecutionDifference(ModelIdentity? store, ModelIdentity? here, string storeName, string hereName)
    {
        if (store == here)
            return null;
        return store is not null && here is not null
            ? $"{storeName} was drawn under another execution than {hereName}, so that last digits would differ "
                + $"({string.Join("; ", store.Differences(here))})"
            : $"{(store is null ? hereName : storeName)} promises the bits of one execution ({store ?? here}), and "
                + $"{(store is null ? storeName : hereName)} does not say under which execution it was drawn (not in blocks, from a "
                + "source without equal bits, or by an earlier version of the library)";
    }
}
