using System.Globalization;
using Microsoft.Extensions.AI;

/// <summary>A stand-in for a chat model: writes verses that depend on the seed alone, and rates verses;
/// now and then it chats instead of rating.</summary>
internal sealed class ScriptedChat : IChatClient
{
    private static readonly string[] s_words = ["rain", "light", "wind", "leaves", "snow", "song"];

    /// <summary>Its opinion of a verse, null where it has none to give.</summary>
    public static double? Rate(string verse) =>
        verse.StartsWith("snow", StringComparison.Ordinal) ? null : verse.Split(' ').Distinct().Count() * 2.5;

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        string[] lines = messages.Last().Text.Split('\n');
        string answer =
            lines.Length > 1
                ? Rate(lines[1])?.ToString(CultureInfo.InvariantCulture) ?? "What a lovely verse! I would give it a 7 or an 8."
                : string.Join(
                    ' ',
                    Enumerable.Range(0, 4).Select(i => s_words[(options!.Seed!.Value * 2654435761L >> (7 * i)) % 997 % s_words.Length])
                );
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)) { FinishReason = ChatFinishReason.Stop });
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) => throw new NotSupportedException("The library does not stream.");

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("sample", null, "scripted") : null;

    public void Dispose() { }
}
