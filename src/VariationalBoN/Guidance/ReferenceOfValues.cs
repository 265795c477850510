using System.Collections.Immutable;

namespace VariationalBoN.Guidance;

/// <summary>What values ask of a reference. Stateless, thread-safe.</summary>
internal static class ReferenceOfValues
{
    /// <summary>Refuses a reference that values cannot be about.</summary>
    /// <exception cref="ArgumentException">It trains, truncates, or has no hidden states, or not those of the layers,
    /// where they are read.</exception>
    public static void RequireUsable(CausalLmPolicy reference, bool hiddenStates, ImmutableArray<int> layers, string argument)
    {
        if (reference.IsTrainable)
            throw new ArgumentException(
                "The reference has parameters that require a gradient; values hold for a reference that does not change. Freeze it: "
                    + "module.Freeze().",
                argument
            );
        if (!reference.HasFullSupport)
            throw new ArgumentException(
                "The reference truncates its distribution (top-k or top-p), so that tokens have no probability to guide; give it without "
                    + "truncation.",
                argument
            );
        if (hiddenStates)
            _ = layers.IsEmpty ? reference.Model.HiddenDecoder : reference.Model.LayerDecoder(layers);
    }

    /// <summary>Refuses a reference that cannot be used, or is not the one that the values are about.</summary>
    /// <exception cref="ArgumentException">It trains, truncates, has no hidden states where they are read, or is another.</exception>
    public static void RequireUsable(CausalLmPolicy reference, IPrefixValue value)
    {
        RequireUsable(reference, value.NeedsHiddenStates, value.ReferenceLayers, nameof(reference));
        if (
            value.Reference is { } about
            && about != ScoringIdentity.Unknown.Reference
            && reference.Identity.Differences(about).ToArray() is { Length: > 0 } differences
        )
            throw new ArgumentException(
                $"The values are about another reference: {string.Join("; ", differences)}. Give the reference that they were learned "
                    + $"from, or learn values of this one.",
                nameof(value)
            );
    }
}
