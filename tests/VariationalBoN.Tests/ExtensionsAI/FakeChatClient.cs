using Microsoft.Extensions.AI;

namespace VariationalBoN.Tests.ExtensionsAI;

/// <summary>A chat model that is a function. It names itself "fake" unless told otherwise.</summary>
internal sealed class FakeChatClient(Func<IReadOnlyList<ChatMessage>, ChatOptions, CancellationToken, Task<ChatResponse>> answer)
    : IChatClient
{
    public string? Model { get; init; } = "fake";

    public bool Disposed { get; private set; }

    public static FakeChatClient Saying(Func<string, string> answer, ChatFinishReason? reason = null) =>
        new((messages, _, _) => Task.FromResult(Response(answer(messages[^1].Text), reason ?? ChatFinishReason.Stop)));

    public static ChatResponse Response(string text, ChatFinishReason? reason) =>
        new(new ChatMessage(ChatRole.Assistant, text)) { FinishReason = reason };

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) => answer([.. messages], options!, cancellationToken);

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) => throw new NotSupportedException("The library does not stream.");

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("tests", null, Model) : null;

    public void Dispose() => Disposed = true;
}
