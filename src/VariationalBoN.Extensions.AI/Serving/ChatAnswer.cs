using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>Completions as answers of a chat client. Stateless, thread-safe.</summary>
internal static class ChatAnswer
{
    /// <summary>The whole answer. <see cref="ChatResponse.RawRepresentation"/> is the completion.</summary>
    /// <param name="completion">What is answered.</param>
    /// <param name="seed">What it was drawn with; null leaves it unsaid.</param>
    /// <param name="modelId">The model.</param>
    /// <param name="drawn">The tokens that were drawn for it.</param>
    public static ChatResponse Whole(Completion completion, DrawSeed seed, string modelId, long drawn)
    {
        string id = NewId();
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, completion.Text) { MessageId = id, RawRepresentation = completion })
        {
            ResponseId = id,
            ModelId = modelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = Reason(completion),
            Usage = Usage(completion, drawn),
            RawRepresentation = completion,
            AdditionalProperties = Properties(seed),
        };
    }

    /// <summary>The next piece of an answer.</summary>
    public static ChatResponseUpdate Piece(string text, string id, string modelId) =>
        new(ChatRole.Assistant, text)
        {
            ResponseId = id,
            MessageId = id,
            ModelId = modelId,
            CreatedAt = DateTimeOffset.UtcNow,
        };

    /// <summary>The end of an answer in pieces: why it ends, and what it took.</summary>
    public static ChatResponseUpdate Last(Completion completion, DrawSeed seed, string id, string modelId) =>
        new(ChatRole.Assistant, [new UsageContent(Usage(completion, completion.Tokens.Length))])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = modelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = Reason(completion),
            RawRepresentation = completion,
            AdditionalProperties = Properties(seed),
        };

    public static string NewId() => $"completion-{Guid.NewGuid():N}";

    private static ChatFinishReason Reason(Completion completion) =>
        completion.FinishReason == FinishReason.Stopped ? ChatFinishReason.Stop : ChatFinishReason.Length;

    private static UsageDetails Usage(Completion completion, long drawn) =>
        new()
        {
            InputTokenCount = completion.PromptTokens.Length,
            OutputTokenCount = drawn,
            TotalTokenCount = completion.PromptTokens.Length + drawn,
        };

    private static AdditionalPropertiesDictionary Properties(DrawSeed seed) =>
        new() { ["seed"] = seed.Value, [ChatSettings.Sample] = seed.FirstSample };
}
