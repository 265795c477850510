using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Asks servers for completions, one a request, and holds each answer against what was asked for.
/// As thread-safe as the tokenizer.</summary>
internal sealed class CompletionClient(PoolHandler pool, ITokenizer tokenizer, GenerationOptions settings, PoolSamplerOptions options)
{
    private readonly HttpClient _client = pool.CreateClient();

    /// <summary>Asks for one completion and reads it.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="only">The one server that is asked, as long as it is in that life; null for any.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <exception cref="RemoteServiceException">There is no completion; the message names the prompt and the server.</exception>
    public async Task<ServedCompletion> AskAsync(
        EncodedRequest request,
        (PoolServer Server, int Life)? only,
        CancellationToken cancellationToken
    )
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, CompletionsProtocol.PathOf(options.Protocol))
        {
            Content = CompletionsProtocol.Write(options.Protocol, options.Model, request, settings),
        };
        if (only is { } one)
            message.Options.Set(PoolHandler.Only, one);
        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new RemoteServiceException(
                RetryPolicy.FailureOf(e) ?? RemoteFailure.Unavailable,
                $"No completion of the prompt \"{ChatModel.Shorten(request.Prompt.Canonical)}\": {e.Message}",
                e
            );
        }

        using (response)
        {
            message.Options.TryGetValue(PoolHandler.AnsweredBy, out (PoolServer Server, int Life) by);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new RemoteServiceException(
                    RetryPolicy.FailureOf(new HttpRequestException(null, null, response.StatusCode)) ?? RemoteFailure.ServerError,
                    $"No completion of the prompt \"{ChatModel.Shorten(request.Prompt.Canonical)}\": {(int)response.StatusCode} "
                        + $"{response.ReasonPhrase}: {ChatModel.Shorten(Encoding.UTF8.GetString(body), 600)}"
                );
            }

            try
            {
                using JsonDocument answer = JsonDocument.Parse(body);
                ToldCompletion told = CompletionsProtocol.Read(options.Protocol, answer.RootElement);
                Require(request, told);
                Func<IReadOnlyList<int>, string> decode = tokenizer.DecoderAfter(request.Ids);
                return new ServedCompletion(
                    Complete(request, told.Tokens, decode),
                    told.LogProbs(decode),
                    request.Seed,
                    by.Server,
                    by.Life
                );
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                throw new RemoteServiceException(
                    RemoteFailure.BadAnswer,
                    $"The answer of {by.Server.Address} to the prompt "
                        + $"\"{ChatModel.Shorten(request.Prompt.Canonical)}\" is no completion: {e.Message.TrimEnd('.')}.",
                    e
                );
            }
        }
    }

    /// <summary>Refuses an answer that is no draw of what was asked for.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    private void Require(EncodedRequest request, ToldCompletion told)
    {
        ImmutableArray<int> tokens = told.Tokens;
        if (told.Prompt is { } read && !read.SequenceEqual(request.Ids))
            throw new FormatException(
                $"it read other ids than those that were sent ({read.Length} instead of {request.Ids.Length}), "
                    + "such as a BOS token before them: the server's tokenizer or template changes a prompt that is given as ids"
            );
        if (tokens.IsEmpty || tokens.Length > settings.MaxNewTokens)
            throw new FormatException($"it has {tokens.Length} tokens; there must be 1 to {settings.MaxNewTokens} (MaxNewTokens)");
        if (tokens.Any(id => id < 0 || id >= tokenizer.VocabularySize))
            throw new FormatException(
                $"it holds a token outside the vocabulary of 0 to {tokenizer.VocabularySize - 1}: the server has another tokenizer"
            );
        int stop = StopOf(tokens);
        if (stop >= 0 && stop < tokens.Length - 1)
            throw new FormatException($"it goes on after the stop token {tokens[stop]}: the server ignores stop_token_ids");
        if (stop < 0 && tokens.Length < settings.MaxNewTokens)
        {
            throw new FormatException(
                $"it ends by token {tokens[^1]} after {tokens.Length} of {settings.MaxNewTokens} tokens, and that "
                    + "is no stop token: the server ends answers by itself (an end token of its own configuration, a limit of length). "
                    + "Add the token to StopTokens, or start the server without own ends (vLLM: --generation-config vllm, --max-model-len)"
            );
        }
    }

    /// <summary>The completion of an answer. Its text is that of the ids by the tokenizer here, never that of the server.</summary>
    private Completion Complete(EncodedRequest request, ImmutableArray<int> tokens, Func<IReadOnlyList<int>, string> decode)
    {
        bool isStopped = StopOf(tokens) >= 0;
        return new Completion
        {
            Prompt = request.Prompt,
            PromptTokens = request.Ids,
            Tokens = tokens,
            Text = decode(isStopped ? tokens[..^1] : tokens),
            FinishReason = isStopped ? FinishReason.Stopped : FinishReason.Length,
        };
    }

    private int StopOf(ImmutableArray<int> tokens) => tokens.AsSpan().IndexOfAny(settings.StopTokens.AsSpan());
}
