using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Guidance;

/// <summary>What the reference still expects of an unfinished answer:
/// log E_ref[w | prefix] and log E_ref[w | prefix, token] for a weight w of its final rank.</summary>
/// <remarks>
/// It connects a target with decoding: with exact values pi_ref(a | s) E[w | s, a] / E[w | s] is the target, token
/// by token. Implementations give it by enumeration, by a learned head, or by your own function. Thread-safe.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public interface IPrefixValue
{
    /// <summary>Identifies these values.</summary>
    ModelIdentity Identity { get; }

    /// <summary>The reference, reward model and scoring that the values are about; null where the caller vouches for them.</summary>
    ScoringIdentity? Origin { get; }

    /// <summary>The reference that the values are about, also where nothing is known of rewards;
    /// null where the caller vouches for it.</summary>
    ModelIdentity? Reference => Origin?.Reference;

    /// <summary>Whether the values read hidden states of the reference, which
    /// then must offer them (<see cref="Policies.IHiddenDecoder"/>).</summary>
    bool NeedsHiddenStates { get; }

    /// <summary>Layers of the reference whose hidden states it reads beside the last, which then must offer them (<see
    /// cref="Policies.ILayerDecoder"/>); none where <see cref="NeedsHiddenStates"/> is false.</summary>
    ImmutableArray<int> ReferenceLayers => [];

    /// <summary>Refuses a weight that the values cannot estimate, such as one of more draws than they were estimated from.</summary>
    /// <param name="weight">The weight w.</param>
    /// <exception cref="ArgumentOutOfRangeException">They cannot estimate it; the message says what they can.</exception>
    void Require(RankWeight weight);

    /// <summary>Starts at the ends of prompts.</summary>
    /// <param name="prompts">R prompts, one to each row.</param>
    /// <param name="promptTokens">The tokens of each.</param>
    /// <param name="weight">The weight w.</param>
    /// <returns>The walk, the caller's to dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The values cannot estimate this weight.</exception>
    IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight);
}
