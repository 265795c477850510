using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>What both chat clients share: messages and options to a request. As thread-safe as the function of the options.</summary>
internal sealed class ChatReader
{
    private readonly CompletionService _service;
    private readonly Func<IReadOnlyList<ChatMessage>, Prompt> _readMessages;

    private readonly int _maxSample;

    /// <param name="service">The service.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="maxSample">The largest number of a sample.</param>
    public ChatReader(CompletionService service, PolicyChatClientOptions? options, int maxSample = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(service);
        options ??= new PolicyChatClientOptions();
        options.Validate();
        (_service, _maxSample) = (service, maxSample);
        Metadata = new ChatClientMetadata("variationalbon", defaultModelId: options.ModelId);
        _readMessages =
            options.ReadMessages
            ?? (service.Policy is IPromptReader { ReadsConversations: true } ? ChatMessages.Conversation : ChatMessages.SingleText);
    }

    public ChatClientMetadata Metadata { get; }

    public string ModelId => Metadata.DefaultModelId!;

    /// <summary>The request as it can be drawn, or everything that is wrong with messages and options.</summary>
    public bool TryRead(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        [NotNullWhen(true)] out CompletionRequest? request,
        [NotNullWhen(false)] out string? reason
    )
    {
        (CompletionRequest read, List<string> faults) = Parse(messages, options);
        reason = faults.Count > 0 ? RequestReader.Message(faults) : null;
        request = reason is null && _service.TryCheck(read, out reason) ? read : null;
        return request is not null;
    }

    /// <summary>The request; the service holds it against its policy.</summary>
    /// <exception cref="CompletionRequestException">Something is wrong with messages or options; the message names it all.</exception>
    public CompletionRequest Read(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        (CompletionRequest read, List<string> faults) = Parse(messages, options);
        return faults.Count == 0 ? read : throw new CompletionRequestException(RequestReader.Message(faults));
    }

    /// <summary>What a chat client and what lies beneath it offer.</summary>
    public object? Service(IChatClient client, Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null
            ? null
            : ((object[])[client, Metadata, _service, _service.Policy]).FirstOrDefault(serviceType.IsInstanceOfType);
    }

    private (CompletionRequest Request, List<string> Faults) Parse(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var faults = new List<string>();
        Prompt prompt = "";
        try
        {
            prompt = _readMessages([.. Instructed(messages, options)]);
        }
        catch (ArgumentException e)
        {
            faults.Add(e.Message);
        }

        CompletionRequest request = ChatSettings.Of(prompt, options, ModelId, faults);
        if (request.Sample > _maxSample)
            faults.Add($"AdditionalProperties[\"{ChatSettings.Sample}\"] is {request.Sample}; it may be at most {_maxSample}");
        faults.AddRange(_service.Faults(request));
        return (request, faults);
    }

    /// <summary>The messages, behind the instructions where there are any.</summary>
    private static IEnumerable<ChatMessage> Instructed(IEnumerable<ChatMessage> messages, ChatOptions? options) =>
        string.IsNullOrEmpty(options?.Instructions) ? messages : messages.Prepend(new ChatMessage(ChatRole.System, options.Instructions));
}
