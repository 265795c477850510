using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Serve.OpenAI;

/// <summary>
/// <c>POST /v1/chat/completions</c>: a chat client behind the API of OpenAI, whole or piece by piece. Stateless, thread-safe.
/// </summary>
internal static class ChatEndpoint
{
    /// <summary>Answers one request.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context, IServiceProvider services, Served served)
    {
        CancellationToken stop = context.RequestAborted;
        ChatRequest asked = await JsonBody.ReadAsync(context.Request, body => ChatRequest.Read(body, served.Names));
        var client = services.GetRequiredKeyedService<IChatClient>(asked.Model);
        var made = new Made($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), asked.Model);
        if (!asked.Stream)
            return Results.Json(Whole(made, await client.GetResponseAsync(asked.Messages, asked.Options, stop)), Answers.Json);

        // The first piece is awaited here: what is wrong with a request still becomes a status, not a broken stream.
        IAsyncEnumerator<ChatResponseUpdate> pieces = client
            .GetStreamingResponseAsync(asked.Messages, asked.Options, stop)
            .GetAsyncEnumerator(stop);
        try
        {
            bool any = await pieces.MoveNextAsync();
            return TypedResults.ServerSentEvents(EventsAsync(context, made, pieces, any, asked.IncludeUsage, stop));
        }
        catch
        {
            await pieces.DisposeAsync();
            throw;
        }
    }

    private static ChatCompletion Whole(Made made, ChatResponse response) =>
        new(
            made.Id,
            made.Created,
            made.Model,
            [new Choice(0, new Message("assistant", response.Text), Reason(response.FinishReason))],
            UsageOf(response.Usage)
        );

    private static async IAsyncEnumerable<string> EventsAsync(
        HttpContext context,
        Made made,
        IAsyncEnumerator<ChatResponseUpdate> pieces,
        bool any,
        bool includeUsage,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        await using var _ = pieces;
        UsageDetails? usage = null;
        ChatFinishReason? reason = null;
        string? fault = null;
        yield return Event(made, new Message("assistant", ""));
        while (any)
        {
            ChatResponseUpdate piece = pieces.Current;
            reason = piece.FinishReason ?? reason;
            usage = piece.Contents.OfType<UsageContent>().LastOrDefault()?.Details ?? usage;
            if (piece.Text.Length > 0)
                yield return Event(made, new Message(null, piece.Text));
            try
            {
                any = await pieces.MoveNextAsync();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                fault = Refusals.InStream(context, e);
                break;
            }
        }

        if (fault is not null)
        {
            yield return fault; // the status is sent already
            yield break;
        }

        yield return Event(made, new Message(null, null), Reason(reason));
        if (includeUsage && UsageOf(usage) is Usage numbers)
            yield return JsonSerializer.Serialize(new ChatChunk(made.Id, made.Created, made.Model, [], numbers), Answers.Json);
        yield return "[DONE]";
    }

    private static string Event(Made made, Message delta, string? reason = null) =>
        JsonSerializer.Serialize(new ChatChunk(made.Id, made.Created, made.Model, [new ChunkChoice(0, delta, reason)]), Answers.Json);

    private static string Reason(ChatFinishReason? reason) => reason?.Value ?? ChatFinishReason.Stop.Value;

    private static Usage? UsageOf(UsageDetails? usage) =>
        usage is null
            ? null
            : new Usage(
                usage.InputTokenCount ?? 0,
                usage.OutputTokenCount ?? 0,
                usage.TotalTokenCount ?? (usage.InputTokenCount ?? 0) + (usage.OutputTokenCount ?? 0)
            );

    private sealed record Made(string Id, long Created, string Model);
}
