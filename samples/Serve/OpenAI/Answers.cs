using System.Text.Json;
using System.Text.Json.Serialization;

namespace Serve.OpenAI;

/// <summary>JSON as OpenAI's chat API writes it: snake case, nothing for null. Stateless, thread-safe.</summary>
internal static class Answers
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>An error object with its status.</summary>
    public static IResult Error(RequestException error) => Results.Json(ErrorOf(error), Json, statusCode: error.Status);

    /// <summary>An error as an event of a stream that has begun.</summary>
    public static string ErrorEvent(RequestException error) => JsonSerializer.Serialize(ErrorOf(error), Json);

    private static ErrorAnswer ErrorOf(RequestException error) =>
        new(new ErrorBody(error.Message, error.Status >= 500 ? "server_error" : "invalid_request_error", error.Code, error.Parameter));
}

internal sealed record ErrorAnswer(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type, string Code, string? Param);

internal sealed record ModelList(IReadOnlyList<ModelEntry> Data, string Object = "list");

internal sealed record ModelEntry(string Id, long Created, string OwnedBy = "variationalbon", string Object = "model");

internal sealed record ChatCompletion(
    string Id,
    long Created,
    string Model,
    IReadOnlyList<Choice> Choices,
    Usage? Usage,
    string Object = "chat.completion"
);

internal sealed record ChatChunk(
    string Id,
    long Created,
    string Model,
    IReadOnlyList<ChunkChoice> Choices,
    Usage? Usage = null,
    string Object = "chat.completion.chunk"
);

internal sealed record Choice(int Index, Message Message, string? FinishReason);

internal sealed record ChunkChoice(int Index, Message Delta, string? FinishReason);

internal sealed record Message(string? Role, string? Content);

internal sealed record Usage(long PromptTokens, long CompletionTokens, long TotalTokens);
