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
    /// were drawn with <see cref="ReferenceTableOptions.SamplesPerBlock"/>. Null where they are not, as in stores of before: samples with a
    /// promise do not go into such a store, nor those without one into a store that has one, unless
    /// <see cref="ReferenceStoreOptions.AcceptOtherExecution"/> says so.</summary>
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

    /// <summary>What of a store differs from what it is used with, field by field, but for the execution; none when nothing does.</summary>
    internal static IEnumerable<string> Differences(ReferenceProvenance? store, ReferenceProvenance? here)
    {
        if (store is null || here is null)
            return store is null == here is null
                ? []
                : [store is null ? "the store does not know where its rewards come from" : "where the new rewards come from is not known"];
        IEnumerable<string> seeds = store.Seeds == here.Seeds ? [] : [$"the seed of the store is {store.Seeds}, here it is {here.Seeds}"];
        return store.Origin.Differences(here.Origin, "the store", "what it is used with").Concat(seeds);
    }

    /// <summary>Why samples of one execution do not go into a store of another, so that what the store promises holds for all it has; none
    /// when they do.</summary>
    internal static IEnumerable<string> ExecutionDifferences(ModelIdentity? store, ModelIdentity? here)
    {
        const string Accepting =
            $"do without equal bits by {nameof(ReferenceStoreOptions)}.{nameof(ReferenceStoreOptions.AcceptOtherExecution)}";
        if (store == here)
            return [];
        return
        [
            store is null
                ? $"it does not say under which execution it was drawn (it was drawn without {nameof(ReferenceTableOptions.SamplesPerBlock)}, or "
                    + $"by a version of before), so that the bits which blocks promise would not be those of the store: leave "
                    + $"{nameof(ReferenceTableOptions.SamplesPerBlock)} out, take another store, or {Accepting}"
            : here is null
                ? $"it promises the bits of one execution ({store}), and samples that are not drawn in blocks, or from a source that promises "
                    + $"none, would break that: set {nameof(ReferenceTableOptions.SamplesPerBlock)}, take another store, or {Accepting}"
            : $"it was drawn under another execution, so that last digits would differ ({string.Join("; ", store.Differences(here))}): take "
                + $"machines of one kind, with equal threads, kernels and version, or {Accepting}",
        ];
    }
}
