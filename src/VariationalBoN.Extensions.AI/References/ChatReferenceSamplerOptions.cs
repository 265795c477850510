using Microsoft.Extensions.AI;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.References;

/// <summary>How a chat model is sampled. Immutable; as thread-safe as its functions.
/// Checked where it is used, all faults in one message.</summary>
public sealed record ChatReferenceSamplerOptions
{
    /// <summary>The most tokens of a completion, at least 1: part of what the reference is.</summary>
    /// <value>Required.</value>
    public required int MaxOutputTokens { get; init; }

    /// <summary>The sampling temperature, above 0: part of what the reference is.</summary>
    /// <value>Default 1.</value>
    public float Temperature { get; init; } = 1;

    /// <summary>The model that is asked for.</summary>
    /// <value>Default null: the client's own.</value>
    public string? ModelId { get; init; }

    /// <summary>The messages of a prompt. What the service makes of them is the prompt of its model.</summary>
    /// <value>Default null: one user message, or the messages of a conversation where they hold texts alone.</value>
    public Func<Prompt, IEnumerable<ChatMessage>>? Messages { get; init; }

    /// <summary>
    /// The identity of the reference. Set it to <see cref="IPolicy.Identity"/> of a local policy to say that the service draws
    /// from that very distribution, template and settings included: only then does a <see cref="ReferenceTable"/> of these samples
    /// agree to be used with it. Needed with <see cref="Messages"/>, since one function cannot be distinguished from another.
    /// </summary>
    /// <value>Default null: one made of model and settings.</value>
    public ModelIdentity? Identity { get; init; }

    /// <summary>The finish reason of an answer that does not say why it ended.</summary>
    /// <value>Default null: it is refused, since truncated completions could not be told from whole ones.</value>
    public FinishReason? MissingFinishReason { get; init; }

    /// <summary>Whether each request carries a seed of its own, so that a
    /// service that uses seeds draws the same completions again.</summary>
    /// <value>Default true.</value>
    public bool SendSeed { get; init; } = true;

    /// <summary>The most requests that are under way at once, at least 1.</summary>
    /// <value>Default 8.</value>
    public int MaxConcurrency { get; init; } = 8;

    /// <summary>How often and when a failed request is made again.</summary>
    /// <value>Default those of <see cref="RetryOptions"/>.</value>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (MaxOutputTokens < 1)
            faults.Add($"MaxOutputTokens is {MaxOutputTokens}; it must be at least 1");
        if (!(Temperature > 0 && float.IsFinite(Temperature)))
            faults.Add(
                FormattableString.Invariant($"Temperature is {Temperature}; it must be above 0, or all samples of a prompt are the same")
            );
        if (MissingFinishReason is FinishReason reason && !Enum.IsDefined(reason))
            faults.Add($"MissingFinishReason is {reason}, which is not a {nameof(FinishReason)}");
        if (Messages is not null && Identity is null)
            faults.Add(
                "Identity is not set although Messages is set; name both model and messages, since other messages make another reference"
            );
        if (MaxConcurrency < 1)
            faults.Add($"MaxConcurrency is {MaxConcurrency}; it must be at least 1");
        if (Retry is null)
            faults.Add("Retry is null; leave it out for the default");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the chat sampler are not usable: {string.Join("; ", faults)}.");
    }
}
