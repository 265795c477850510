using System.Text.Json;
using Microsoft.Extensions.AI;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Internal;

/// <summary>What judge and sampler share. Stateless, thread-safe.</summary>
internal static class ChatModel
{
    private const int ShownCharacters = 80,
        ReasonCharacters = 600;

    /// <summary>The name of the model that will answer.</summary>
    public static string Name(IChatClient client, string? modelId, string options) =>
        modelId
        ?? (client.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata)?.DefaultModelId
        ?? throw new ArgumentException(
            $"The chat client does not say which model it asks. Set {options}.ModelId, or Identity, so that rewards and samples of "
                + $"another model are refused."
        );

    /// <summary>Asks once. What the client throws becomes a <see cref="RemoteServiceException"/>
    /// as far as it can be told what it means; the rest is passed on.</summary>
    public static async Task<ChatResponse> AskAsync(
        IChatClient client,
        IEnumerable<ChatMessage> messages,
        ChatOptions settings,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await client.GetResponseAsync(messages, settings, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is not RemoteServiceException
                && !cancellationToken.IsCancellationRequested
                && RetryPolicy.FailureOf(e) is RemoteFailure failure
            )
        {
            throw new RemoteServiceException(failure, Shorten(e.Message, ReasonCharacters), e);
        }
        catch (JsonException e) // what frames the answer is not the model's: it is half, or comes from something in between
        {
            throw new RemoteServiceException(
                RemoteFailure.Unavailable,
                $"The answer is not complete JSON: {Shorten(e.Message, ReasonCharacters)}",
                e
            );
        }
        catch (ArgumentOutOfRangeException e) // how clients meet an answer with another number of choices than one
        {
            throw new RemoteServiceException(
                RemoteFailure.BadAnswer,
                $"The client could not read the answer: {Shorten(e.Message, ReasonCharacters)}",
                e
            );
        }
    }

    /// <summary>The beginning of a text; a character of two code units is not cut in half.</summary>
    public static string Shorten(string text, int characters = ShownCharacters) =>
        text.Length <= characters
            ? text
            : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[characters - 1]) ? characters - 1 : characters), "...");
}
