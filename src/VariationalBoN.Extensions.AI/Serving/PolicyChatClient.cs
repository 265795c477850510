using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>A policy as a chat client of Microsoft.Extensions.AI: one sample of it is the answer.</summary>
/// <remarks>
/// <para>
/// Supported of <see cref="ChatOptions"/>: <c>Instructions</c> (a system message), <c>Seed</c>, <c>MaxOutputTokens</c> up to that of the
/// policy, <c>Temperature</c> (0 takes the most probable token), <c>TopK</c>, <c>TopP</c>, <c>StopSequences</c>, <c>ModelId</c> where it
/// is this one, and the additional property "sample", the number of the sample of a seed. Everything else is refused by name. What is
/// left out is the policy's own, so that without options an answer is a draw of the policy. Answers carry seed and sample in their
/// additional properties, and the <see cref="Completion"/> as raw representation.
/// </para>
/// <para>Thread-safe. Answers of all clients of a service are drawn together (<see cref="CompletionService"/>).</para>
/// </remarks>
public sealed class PolicyChatClient : IChatClient, IAsyncDisposable
{
    private readonly CompletionService _service;
    private readonly ChatReader _reader;
    private readonly bool _ownsService;

    /// <summary>Creates a client of a service.</summary>
    /// <param name="service">The service; the caller's, never disposed.</param>
    /// <param name="options">The name of the model, and how messages become prompts; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is blank.</exception>
    public PolicyChatClient(CompletionService service, PolicyChatClientOptions? options = null) =>
        (_service, _reader) = (service, new ChatReader(service, options));

    /// <summary>Creates a client of a policy, with a service of its own that is disposed of with the client.</summary>
    /// <param name="policy">The policy; the caller's, never disposed.</param>
    /// <param name="options">The name of the model, and how messages become prompts; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is blank.</exception>
    public PolicyChatClient(IPolicy policy, PolicyChatClientOptions? options = null)
        : this(OwnService(policy, options), options) => _ownsService = true;

    /// <summary>Checks messages and options against the policy without drawing.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="options">The options.</param>
    /// <param name="request">What would be drawn.</param>
    /// <param name="reason">What is wrong with them.</param>
    /// <returns>Whether they can be answered.</returns>
    public bool TryRead(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        [NotNullWhen(true)] out CompletionRequest? request,
        [NotNullWhen(false)] out string? reason
    ) => _reader.TryRead(messages, options, out request, out reason);

    /// <inheritdoc/>
    /// <exception cref="CompletionRequestException">The messages cannot be read,
    /// or an option is out of range or not supported; the message names it all.</exception>
    /// <exception cref="ServiceBusyException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        using DrawnText text = _service.Start([_reader.Read(messages, options)])[0];
        await text.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        return ChatAnswer.Whole(text.Completion!, text.Seed, _reader.ModelId, text.Completion!.Tokens.Length);
    }

    /// <inheritdoc/>
    /// <exception cref="CompletionRequestException">The messages cannot be read,
    /// or an option is out of range or not supported; the message names it all.</exception>
    /// <exception cref="ServiceBusyException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        using DrawnText text = _service.Start([_reader.Read(messages, options)])[0];
        string id = ChatAnswer.NewId();
        while (await text.ReadAsync(cancellationToken).ConfigureAwait(false) is string piece)
            yield return ChatAnswer.Piece(piece, id, _reader.ModelId);
        yield return ChatAnswer.Last(text.Completion!, text.Seed, id, _reader.ModelId);
    }

    /// <summary>Gives the objects that it is made of: itself, <see cref="ChatClientMetadata"/>,
    /// the <see cref="CompletionService"/>, the policy.</summary>
    /// <param name="serviceType">The type that is asked for.</param>
    /// <param name="serviceKey">Null; nothing has a key.</param>
    /// <returns>The object, or null where there is none of this type.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null) => _reader.Service(this, serviceType, serviceKey);

    /// <summary>Disposes of the service where it was made for this client.</summary>
    public void Dispose()
    {
        if (_ownsService)
            _service.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A task that ends when it has.</returns>
    public ValueTask DisposeAsync() => _ownsService ? _service.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>A service, once the options are known to be right: nobody would dispose of it else.</summary>
    private static CompletionService OwnService(IPolicy policy, PolicyChatClientOptions? options)
    {
        options?.Validate();
        return new CompletionService(policy);
    }
}
