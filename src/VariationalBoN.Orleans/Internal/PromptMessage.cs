namespace VariationalBoN.Orleans.Internal;

/// <summary>A prompt in a message. Immutable.</summary>
/// <param name="Canonical"><see cref="Prompt.Canonical"/>.</param>
/// <param name="IsConversation"><see cref="Prompt.IsConversation"/>.</param>
[GenerateSerializer, Immutable, Alias("VariationalBoN.PromptMessage")]
internal readonly record struct PromptMessage([property: Id(0)] string Canonical, [property: Id(1)] bool IsConversation)
{
    /// <summary>The message of a prompt.</summary>
    public static PromptMessage Of(Prompt prompt) => new(prompt.Canonical, prompt.IsConversation);

    /// <summary>The prompt.</summary>
    public Prompt ToPrompt() => IsConversation ? Prompt.Conversation(Canonical) : new Prompt(Canonical);
}
