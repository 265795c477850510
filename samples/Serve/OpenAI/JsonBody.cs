using System.Text.Json;

namespace Serve.OpenAI;

/// <summary>The body of a request as JSON, or a reason why it is none. Stateless, thread-safe.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads it; what is longer than the server takes never gets here whole.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">What is made of the JSON, all of it within the call.</param>
    /// <exception cref="RequestException">It is no JSON, of another type, too long, or refused by <paramref name="read"/>.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, Func<JsonElement, T> read)
    {
        if (!request.HasJsonContentType()) // a form of another site cannot send it unasked
        {
            throw new RequestException(
                StatusCodes.Status415UnsupportedMediaType,
                $"The content type is \"{ChatRequest.Shown(request.ContentType ?? "")}\"; it must be application/json.",
                "unsupported_media_type"
            );
        }

        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, s_strict, request.HttpContext.RequestAborted);
            return read(document.RootElement);
        }
        catch (InvalidOperationException)
        {
            // what JsonElement says of it
            throw new RequestException(400, "A text of the body has half of a surrogate pair, so it is no text.", "invalid_json");
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
        new(
            StatusCodes.Status413PayloadTooLarge,
            $"The body is longer than {Server.MaxBodyBytes:N0} bytes. Shorten the conversation.",
            "body_too_large"
        );
}
