using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>How a policy answers as a chat client. Immutable; as thread-safe as <see cref="ReadMessages"/>.</summary>
public sealed record PolicyChatClientOptions
{
    /// <summary>The name of the model: what answers carry, and the one that may be asked for.</summary>
    /// <value>Default "policy".</value>
    public string ModelId { get; init; } = "policy";

    /// <summary>
    /// The prompt of messages, such as for a model of texts that was trained on turns;
    /// throws <see cref="ArgumentException"/> for those that make none.
    /// </summary>
    /// <value>
    /// Default null: a conversation where the policy reads conversations (<see cref="VariationalBoN.Policies.IPromptReader"/>),
    /// and else the text of a single message of the user.
    /// </value>
    public Func<IReadOnlyList<ChatMessage>, Prompt>? ReadMessages { get; init; }

    /// <summary>Refuses options that cannot be used.</summary>
    /// <exception cref="ArgumentException">The name is blank.</exception>
    internal void Validate()
    {
        if (string.IsNullOrWhiteSpace(ModelId))
            throw new ArgumentException($"{nameof(ModelId)} is blank; give the model a name.");
    }
}
