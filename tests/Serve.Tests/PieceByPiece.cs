using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Serve.Tests;

/// <summary>A model that gives the first piece at once and each other when it is asked to.</summary>
/// <param name="pieces">Its answer.</param>
/// <param name="fault">What it throws behind them; null for nothing.</param>
internal sealed class PieceByPiece(string[] pieces, Exception? fault = null) : IChatClient
{
    public SemaphoreSlim Next { get; } = new(1);

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) => throw fault ?? new NotSupportedException();

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        foreach (string piece in pieces)
        {
            Assert.True(await Next.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken), "The client has not got the piece before.");
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
        }

        if (fault is not null)
            throw fault;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }
}
