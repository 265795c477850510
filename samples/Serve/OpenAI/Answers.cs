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
    public static IResult Error(RequestException error) => Error(error.Status, error.Message, error.Code, error.Parameter);

    /// <summary>An error object with its status.</summary>
    public static IResult Error(int status, string message, string code, string? parameter = null) =>
        Results.Json(new ErrorAnswer(ErrorOf(status, message, code, parameter)), Json, statusCode: status);

    /// <summary>An error as an event of a stream that has begun.</summary>
    public static string ErrorEvent(int status, string message, string code) =>
        JsonSerializer.Serialize(new ErrorAnswer(ErrorOf(status, message, code, null)), Json);

    private static ErrorBody ErrorOf(int status, string message, string code, string? parameter) =>
        new(message, status >= 500 ? "server_error" : "invalid_request_error", code, parameter);
}

internal sealed record ErrorAnswer(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type, string Code, string? Param);

internal sealed record ModelList(IReadOnlyList<ModelEntry> Data, string Object = "list");

internal sealed record ModelEntry(string Id, long Created, string OwnedBy = "variationalbon", string Object = "model");

internal sealed record ChatCompletion(string Id, long Created, string Model,
    IReadOnlyList<Choice> Choices, Usage? Usage, string Object = "chat.completion");

internal sealed record ChatChunk(string Id, long Created, string Model,
    IReadOnlyList<ChunkChoice> Choices, Usage? Usage = null, string Object = "chat.completion.chunk");

internal sealed record Choice(int Index, Message Message, string? FinishReason);

internal sealed record ChunkChoice(int Index, Message Delta, string? FinishReason);

internal sealed record Message(string? Role, string? Content);

internal sealed record Usage(long PromptTokens, long CompletionTokens, long TotalTokens);
