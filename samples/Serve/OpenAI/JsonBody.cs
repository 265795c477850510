using System.Text.Json;

namespace Serve.OpenAI;

/// <summary>The body of a request as JSON, or a reason why it is none. Stateless, thread-safe.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads it; what is longer than the server takes never gets here whole.</summary>
    /// <exception cref="RequestException">It is no JSON, or too long.</exception>
    public static async Task<JsonElement> ReadAsync(HttpRequest request)
    {
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, s_strict, request.HttpContext.RequestAborted);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new RequestException(400, $"The body is no JSON: {e.Message}", "invalid_json");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }
    }

    /// <summary>The refusal of a body that is too long.</summary>
    public static RequestException TooLarge() =>
        new(StatusCodes.Status413PayloadTooLarge, $"The body is longer than {Server.MaxBodyBytes:N0} bytes. Shorten the conversation.", "body_too_large");
}
