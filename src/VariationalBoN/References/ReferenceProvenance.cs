using System.Collections.Immutable;
using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Where reference rewards come from: what must be equal for them to be used with a policy, a reward model and a scorer.</summary>
/// <param name="Reference">Identity of the reference policy, sampling settings included.</param>
/// <param name="RewardModel">Identity of the reward model.</param>
/// <param name="Scoring">How rewards were scored: <see cref="Rewards.ScoringOptions.Describe"/>.</param>
/// <param name="Seed">The seed of the draws.</param>
public sealed record ReferenceProvenance(string Reference, string RewardModel, string Scoring, long Seed)
{
    /// <summary>The seeds of tables that were merged into this one.</summary>
    public ImmutableArray<long> MoreSeeds { get; init; } = [];

    /// <summary>Whether all is equal, seed by seed.</summary>
    /// <param name="other">Another provenance.</param>
    /// <returns>True when it is.</returns>
    public bool Equals(ReferenceProvenance? other) => other is not null && Reference == other.Reference && RewardModel == other.RewardModel && Scoring == other.Scoring && Seed == other.Seed && MoreSeeds.SequenceEqual(other.MoreSeeds);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Reference, RewardModel, Scoring, Seed, MoreSeeds.Length);

    private string Seeds => string.Join(" and ", MoreSeeds.Prepend(Seed).Select(seed => seed.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What of a store differs from what it is used with, field by field; none when nothing does.</summary>
    internal static IEnumerable<string> Differences(ReferenceProvenance? store, ReferenceProvenance? here)
    {
        if (store is null || here is null)
            return store is null == here is null ? [] : [store is null ? "the store does not know where its rewards come from" : "where the new rewards come from is not known"];
        return new[]
        {
            Difference("reference policy", "store", store.Reference, here.Reference),
            Difference("reward model", "store", store.RewardModel, here.RewardModel),
            Difference("scoring", "store", store.Scoring, here.Scoring),
            store.Seeds == here.Seeds ? null : $"seed of the store is {store.Seeds}, here it is {here.Seeds}",
        }.OfType<string>();
    }

    /// <summary>How one field differs, with the parts between commas that do; null when it does not.</summary>
    internal static string? Difference(string field, string where, string there, string here)
    {
        if (there == here)
            return null;
        string[] parts = [.. there.Split(", ").Except(here.Split(", "))], others = [.. here.Split(", ").Except(there.Split(", "))];
        string detail = parts.Length > 0 && parts.Length < there.Split(", ").Length ? $" (there {string.Join(", ", parts)}; here {string.Join(", ", others)})" : "";
        return $"{field} of the {where} is \"{there}\", here it is \"{here}\"{detail}";
    }
}
