using System.Collections.Immutable;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// A request to a <see cref="CompletionService"/> for one completion.
/// Settings that are left out are those of the policy. Immutable, thread-safe.
/// </summary>
/// <param name="Prompt">The prompt x; a text converts by itself.</param>
public sealed record CompletionRequest(Prompt Prompt)
{
    /// <summary>
    /// Fixes the draw: the completion is that of <see cref="IPolicy.Sample"/> with a <see cref="DrawSeed"/> of this value and of
    /// <see cref="DrawPurpose.Serving"/>, up to the last bits of the model's logits.
    /// </summary>
    /// <value>Default null: a new one for each request.</value>
    public long? Seed { get; init; }

    /// <summary>The number of the sample among those of this seed and prompt, 0 or more.</summary>
    /// <value>Default 0.</value>
    public int Sample { get; init; }

    /// <summary>The most tokens, stop token included: 1 to that of the policy.</summary>
    /// <value>Default null, that of the policy.</value>
    public int? MaxNewTokens { get; init; }

    /// <summary>What logits are divided by: at least 1E-06, or 0, which takes the most probable token.</summary>
    /// <value>Default null, that of the policy.</value>
    public double? Temperature { get; init; }

    /// <summary>Keeps the k most probable tokens, at least 1.</summary>
    /// <value>Default null, that of the policy.</value>
    public int? TopK { get; init; }

    /// <summary>Keeps the fewest tokens whose probability reaches this, in (0, 1].</summary>
    /// <value>Default null, that of the policy.</value>
    public double? TopP { get; init; }

    /// <summary>Texts that end the completion, which are not a part of it: at most 16 of 1 to 256 characters.</summary>
    /// <value>Default none.</value>
    public ImmutableArray<string> StopSequences { get; init; } = [];
}
